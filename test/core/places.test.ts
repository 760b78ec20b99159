import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LlmError } from '../../nodes/core/errors.ts';
import { Places } from '../../nodes/core/places.ts';
import { settled } from '../support/fake-time.ts';

const patient = new AbortController().signal;

test('places are given while there are some, and again when they are left', () => {
  const places = new Places(2, 0);
  assert.deepEqual([places.tryEnter(), places.tryEnter(), places.tryEnter()], [true, true, false]);
  assert.equal(places.busy, 2);
  places.leave();
  assert.deepEqual([places.tryEnter(), places.tryEnter()], [true, false]);
});

test('a limit of 0 is no bound', () => {
  const places = new Places(0, 0);
  for (let number = 0; number < 1000; number++) assert.equal(places.tryEnter(), true);
  assert.equal(places.busy, 1000);
});

test('who waits goes on by priority, then by arrival', async () => {
  const places = new Places(1, 10);
  places.tryEnter();
  const order: string[] = [];
  const arrivals: Array<[string, number]> = [['low', -1], ['first', 0], ['high', 5], ['second', 0], ['higher', 5.5], ['third', 0]];
  for (const [name, priority] of arrivals) void places.wait(priority, patient).then(() => order.push(name));
  while (places.waiting > 0) {
    places.leave();
    await settled();
  }
  assert.deepEqual(order, ['higher', 'high', 'first', 'second', 'third', 'low']);
  places.leave();
  assert.equal(places.busy, 0);
});

test('a newcomer does not overtake who is called up', async () => {
  const places = new Places(1, 1);
  places.tryEnter();
  const waited = places.wait(0, patient);
  places.leave();
  assert.equal(places.tryEnter(), false);
  await waited;
});

test('a full queue sheds at once, and says how full it is', async () => {
  const places = new Places(1, 1);
  places.tryEnter();
  void places.wait(0, patient);
  await assert.rejects(places.wait(9, patient), { kind: 'shed', message: /1 requests are running and 1 wait\. Raise Most waiting/ });
  assert.equal(places.waiting, 1);
  await assert.rejects(new Places(1, 0).wait(0, patient), { kind: 'shed' });
});

test('who is cancelled leaves the queue with its own reason, and the others stay', async () => {
  const places = new Places(1, 3);
  places.tryEnter();
  const controller = new AbortController();
  const order: string[] = [];
  void places.wait(0, patient).then(() => order.push('first'));
  const cancelled = places.wait(0, controller.signal);
  void places.wait(0, patient).then(() => order.push('last'));
  const reason = new LlmError('cancelled', 'Gone.');
  controller.abort(reason);
  await assert.rejects(cancelled, reason);
  assert.equal(places.waiting, 2);
  places.leave();
  places.leave();
  await settled();
  assert.deepEqual(order, ['first', 'last']);
});

test('who is cancelled before it waits takes no room', async () => {
  const places = new Places(1, 1);
  places.tryEnter();
  const reason = new LlmError('cancelled', 'Gone.');
  await assert.rejects(places.wait(0, AbortSignal.abort(reason)), reason);
  assert.equal(places.waiting, 0);
});

test('a cancel after the place is given loses no place', async () => {
  const places = new Places(1, 1);
  places.tryEnter();
  const controller = new AbortController();
  const waited = places.wait(0, controller.signal);
  places.leave();
  const next = places.wait(0, patient);
  controller.abort(new LlmError('cancelled', 'Gone.'));
  await waited;
  assert.deepEqual([places.busy, places.waiting], [1, 1]);
  places.leave();
  await next;
  places.leave();
  assert.equal(places.busy, 0);
});

/** What may happen to places: somebody enters or waits, the n-th of those inside leaves, the n-th of those who wait is cancelled. */
const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('enter' as const), priority: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ type: fc.constantFrom('leave' as const, 'cancel' as const), pick: fc.nat() }),
  ),
  { maxLength: 60 },
);

test('whatever happens, the bound holds, the order is right and no place is lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 5 }), async (sequence, limit, maxWaiting) => {
      const places = new Places(limit, maxWaiting);
      // What should be: the same, written as plainly as possible.
      const inside: number[] = [];
      let queue: Array<{ id: number; priority: number }> = [];
      const admitted: number[] = [];
      const controllers = new Map<number, AbortController>();
      const ended: string[] = [];
      const expectedEnds: string[] = [];

      for (const [id, step] of sequence.entries()) {
        if (step.type === 'enter') {
          const controller = new AbortController();
          if (places.tryEnter()) {
            assert.ok(inside.length < limit);
            inside.push(id);
          } else {
            assert.equal(inside.length, limit);
            controllers.set(id, controller);
            places.wait(step.priority, controller.signal).then(
              () => admitted.push(id),
              (error: LlmError) => ended.push(`${id} ${error.kind}`),
            );
            if (queue.length < maxWaiting) queue = [...queue, { id, priority: step.priority }].sort((a, b) => b.priority - a.priority);
            else expectedEnds.push(`${id} shed`);
          }
        } else if (step.type === 'leave' && inside.length > 0) {
          inside.splice(step.pick % inside.length, 1);
          places.leave();
          const next = queue.shift();
          if (next) inside.push(next.id);
          await settled();
          if (next) assert.equal(admitted.pop(), next.id);
        } else if (step.type === 'cancel' && queue.length > 0) {
          const [gone] = queue.splice(step.pick % queue.length, 1);
          expectedEnds.push(`${gone?.id} cancelled`);
          controllers.get(gone?.id ?? -1)?.abort(new LlmError('cancelled', 'Gone.'));
        }
        assert.deepEqual([places.busy, places.waiting], [inside.length, queue.length]);
      }

      for (let left = inside.length + queue.length; left > 0; left--) places.leave();
      await settled();
      assert.deepEqual([places.busy, places.waiting], [0, 0]);
      assert.deepEqual(admitted, queue.map(({ id }) => id));
      assert.deepEqual(ended.sort(), expectedEnds.sort());
    }),
  );
});
