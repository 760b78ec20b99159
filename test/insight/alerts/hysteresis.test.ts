/** When an alert fires and when it is over, by a clock of the test's own. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Hysteresis } from '../../../nodes/insight/alerts/hysteresis.ts';
import { FakeTime } from '../../support/fake-time.ts';

const options = { above: 10, below: 9, forMs: 60_000, holdMs: 60_000 };
const stepMs = 5_000;

type Turn = 'fired' | 'resolved';

/** What a series, a value every five seconds, makes of the alert: each turn with the index at which it came. */
async function turnsOf(time: FakeTime, values: ReadonlyArray<number | undefined>, given = options): Promise<Array<[number, Turn]>> {
  const hysteresis = new Hysteresis(given);
  const turns: Array<[number, Turn]> = [];
  for (const [index, value] of values.entries()) {
    const turn = hysteresis.update(value);
    if (turn) turns.push([index, turn]);
    assert.equal(hysteresis.isFiring, turns.at(-1)?.[1] === 'fired');
    await time.advance(stepMs);
  }
  return turns;
}

function times<Value>(count: number, value: Value): Value[] {
  return Array.from({ length: count }, () => value);
}

async function check(t: TestContext, values: ReadonlyArray<number | undefined>, expected: Array<[number, Turn]>, given = options): Promise<void> {
  assert.deepEqual(await turnsOf(new FakeTime(t), values, given), expected);
}

test('It fires once when the value has been above for its time', (t) => check(t, times(100, 11), [[12, 'fired']]));

test('It fires at once where it has no time', (t) => check(t, [5, 11, 11], [[1, 'fired']], { ...options, forMs: 0 }));

test('A value at its bound is not above', (t) => check(t, times(50, 10), []));

test('One value below begins the time anew', (t) => check(t, [...times(12, 11), 10, ...times(12, 11), 11], [[25, 'fired']]));

test('It is over once, when the value has been below by the margin for its time', (t) => check(t, [...times(13, 11), ...times(50, 9)], [[12, 'fired'], [25, 'resolved']]));

test('A value that is only just below keeps it', (t) => check(t, [...times(13, 11), ...times(50, 9.5)], [[12, 'fired']]));

test('A value that comes and goes fires, for no value is no proof', (t) => check(t, [...times(6, [11, undefined, undefined]).flat(), 11], [[12, 'fired']]));

test('One value long ago is no reason to fire at the next', (t) => check(t, [11, ...times(50, undefined), 11, undefined], []));

test('It is over when no values come any more', (t) => check(t, [...times(13, 11), ...times(50, undefined)], [[12, 'fired'], [25, 'resolved']]));

const noise = fc.oneof(fc.constant(undefined), fc.double({ min: 8, max: 12, noNaN: true }), fc.constantFrom(9, 10, 11));
/** Stretches of one kind, as series are: noise that has no pattern would never last. */
const stretch = fc.tuple(fc.oneof(noise, fc.constantFrom(0, 20)), fc.integer({ min: 1, max: 30 })).map(([value, length]) => times(length, value));
const series = fc.array(fc.oneof(stretch, fc.array(noise, { maxLength: 20 })), { maxLength: 15 }).map((parts) => parts.flat());

test('Whatever the values do, it fires and is over in turn, for a reason each time, and never sooner than its times', async (t) => {
  const time = new FakeTime(t);
  let fired = 0;
  await fc.assert(
    fc.asyncProperty(series, fc.constantFrom(0, 30_000, 60_000), async (values, forMs) => {
      const turns = await turnsOf(time, values, { ...options, forMs });
      fired += turns.length;
      let from = 0;
      for (const [number, [index, turn]] of turns.entries()) {
        assert.equal(turn, number % 2 === 0 ? 'fired' : 'resolved');
        const ms = turn === 'fired' ? forMs : options.holdMs;
        const lately = values.slice(index - ms / stepMs, index + 1);
        assert.ok(number === 0 || index - from >= ms / stepMs, `${turn} too soon`);
        if (turn === 'fired') assert.ok((values[index] ?? 0) > options.above && lately.every((value) => value === undefined || value > options.above));
        else assert.ok(lately.every((value) => value === undefined || value <= options.below));
        from = index;
      }
      // It does not miss one either: after so much above, it fires; after so much below, it is over.
      const isFiring = turns.at(-1)?.[1] === 'fired';
      const last = values.slice(-(60_000 / stepMs + 1));
      if (last.length === 13 && last.every((value) => value !== undefined && value > options.above)) assert.ok(isFiring);
      if (last.length === 13 && last.every((value) => value === undefined || value <= options.below)) assert.ok(!isFiring);
    }),
    { numRuns: 300 },
  );
  assert.ok(fired > 100, 'The series are to bring about alerts.');
});
