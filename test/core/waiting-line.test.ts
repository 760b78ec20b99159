import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { settled } from '../support/fake-time.ts';
import { gone, lineOf } from '../support/waiting-line.ts';

test('who waits goes on by priority, then by arrival', async (t) => {
  const { line, ends, join, serve, nothingLeft } = lineOf(t);
  for (const [name, priority] of [['low', -1], ['first', 0], ['high', 5], ['second', 0], ['higher', 5.5]] as const) join(name, { priority });
  while (line.length > 0) await serve('it');
  assert.deepEqual(ends, ['higher got it', 'high got it', 'first got it', 'second got it', 'low got it']);
  nothingLeft();
});

test('to wait only queues: nobody goes before the line is served', async (t) => {
  const { line, ends, join, free } = lineOf(t);
  free.add('it');
  join('early');
  await settled();
  assert.deepEqual([ends, line.length], [[], 1]);
});

test('who cannot go does not hold up those behind', async (t) => {
  const { line, ends, join, serve, tryTake } = lineOf(t);
  join('picky', { priority: 9, tryGrant: tryTake('rare') });
  join('a');
  join('b', { tryGrant: tryTake('other') });
  await serve('it', 'other');
  assert.deepEqual([ends, line.length], [['a got it', 'b got other'], 1]);
  await serve('rare');
  assert.deepEqual(ends.at(-1), 'picky got rare');
});

test('no more go than the caller says, and the others are not asked', async (t) => {
  const { line, ends, join } = lineOf(t);
  join('a', { tryGrant: () => 'it' });
  join('b', { tryGrant: () => 'it' });
  join('c', { tryGrant: () => assert.fail('It was asked.') });
  line.serve(2);
  await settled();
  assert.deepEqual([ends, line.length], [['a got it', 'b got it'], 1]);
});

test('a full line refuses, whatever the priority', async (t) => {
  const { line, ends, join } = lineOf(t, 1);
  join('a');
  join('b', { priority: 9 });
  await settled();
  assert.deepEqual([ends, line.length], [['b: The line is full.'], 1]);
});

test('who waits too long leaves, and nobody else', async (t) => {
  const { time, line, ends, join, serve, nothingLeft } = lineOf(t);
  join('short', { timeoutMs: 100 });
  join('long', { timeoutMs: 200 });
  join('patient', { timeoutMs: 0 });
  await time.advance(99);
  assert.deepEqual(ends, []);
  await time.advance(1);
  assert.deepEqual([ends, line.length], [['short: Waited 100 ms.'], 2]);
  await serve('it');
  await time.advance(1e9);
  await serve('it');
  assert.deepEqual(ends.slice(1), ['long got it', 'patient got it']);
  nothingLeft();
});

test('who is cancelled leaves with its own reason', async (t) => {
  const { ends, join, serve, nothingLeft } = lineOf(t);
  join('a');
  const controller = join('b', { timeoutMs: 100 });
  join('c', { signal: AbortSignal.abort(gone) });
  controller.abort(gone);
  await serve('it');
  assert.deepEqual(ends, ['c: Gone.', 'b: Gone.', 'a got it']);
  nothingLeft();
});

test('whom tryGrant throws at is turned away, and the others go on', async (t) => {
  const { ends, join, serve, nothingLeft } = lineOf(t);
  join('hopeless', { timeoutMs: 100, tryGrant: () => assert.fail('Nothing will ever be free.') });
  join('b');
  await serve('it');
  assert.deepEqual(ends, ['hopeless: Nothing will ever be free.', 'b got it']);
  nothingLeft();
});

/** What may happen to a line: somebody joins for one of two things, the n-th of those who wait is cancelled, things get free, time passes. */
const things = ['it', 'other'];
const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('join' as const), priority: fc.integer({ min: -1, max: 1 }), thing: fc.constantFrom(...things), timeoutMs: fc.nat(3) }),
    fc.record({ type: fc.constant('cancel' as const), pick: fc.nat() }),
    fc.record({ type: fc.constant('free' as const), thing: fc.constantFrom(...things) }),
    fc.record({ type: fc.constant('pass' as const) }),
  ),
  { maxLength: 40 },
);

test('whatever happens, each waiting ends once and as it should, and nothing is left', async (t) => {
  const { time, line, free, ends, join, serve, tryTake, nothingLeft } = lineOf(t, 4);
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      // What should be: the same, written as plainly as possible.
      let queue: Array<{ name: string; priority: number; thing: string; until: number; controller: AbortController }> = [];
      const expected: string[] = [];
      ends.length = 0;
      free.clear();
      const drop = (leaving: typeof queue, end: string) => {
        queue = queue.filter((one) => !leaving.includes(one));
        for (const { name } of leaving) expected.push(`${name}${end}`);
      };

      for (const [number, step] of sequence.entries()) {
        const name = `${number}`;
        if (step.type === 'join') {
          const { priority, thing, timeoutMs } = step;
          const controller = join(name, { priority, timeoutMs, tryGrant: tryTake(thing) });
          const one = { name, priority, thing, until: timeoutMs === 0 ? Infinity : time.now + timeoutMs, controller };
          if (queue.length === 4) expected.push(`${name}: The line is full.`);
          else queue = [...queue, one].sort((a, b) => b.priority - a.priority);
          await settled();
        } else if (step.type === 'cancel') {
          const leaving = queue.slice(step.pick % 4).slice(0, 1);
          drop(leaving, ': Gone.');
          leaving[0]?.controller.abort(gone);
        } else if (step.type === 'free') {
          drop(queue.filter(({ thing }) => thing === step.thing || free.has(thing)).slice(0, 1), ` got ${step.thing}`);
          await serve(step.thing);
          free.clear();
        } else {
          await time.advance(1);
          for (const one of queue.filter(({ until }) => until <= time.now)) drop([one], ': late');
        }
        assert.equal(line.length, queue.length);
      }

      for (const { controller } of queue) controller.abort(gone);
      drop(queue, ': Gone.');
      await settled();
      assert.deepEqual(ends.map((end) => end.replace(/Waited \d ms\./, 'late')).sort(), expected.sort());
      nothingLeft();
    }),
  );
});
