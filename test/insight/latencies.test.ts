import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Latencies } from '../../nodes/insight/latencies.ts';

const durations = fc.array(fc.double({ min: 0.1, max: 86_400_000, noNaN: true }), { minLength: 1, maxLength: 200 });
const percents = fc.constantFrom(1, 50, 90, 95, 99, 100);

function latenciesOf(list: readonly number[]): Latencies {
  const latencies = new Latencies();
  for (const ms of list) latencies.record(ms);
  return latencies;
}

/** By the nearest rank. */
function percentileOf(list: readonly number[], percent: number): number {
  return [...list].sort((a, b) => a - b)[Math.ceil((list.length * percent) / 100) - 1] as number;
}

test('A percentile is about one percent exact', () => {
  fc.assert(
    fc.property(durations, percents, (list, percent) => {
      const expected = percentileOf(list, percent);
      const found = latenciesOf(list).percentile(percent) ?? NaN;
      assert.ok(Math.abs(found / expected - 1) < 0.011, `${found} for ${expected}`);
    }),
  );
});

test('Those of several windows are those of all that is in them', () => {
  fc.assert(
    fc.property(durations, durations, percents, (one, other, percent) => {
      const both = new Latencies();
      both.add(latenciesOf(one));
      both.add(new Latencies());
      both.add(latenciesOf(other));
      const whole = latenciesOf([...one, ...other]);
      assert.deepEqual([both.count, both.percentile(percent)], [whole.count, whole.percentile(percent)]);
    }),
  );
});

test('Of one duration each percentile is that, and of none there is none', () => {
  assert.deepEqual([latenciesOf([1234.5]).percentile(50), latenciesOf([1234.5]).percentile(95), new Latencies().percentile(95)], [1234.5, 1234.5, undefined]);
});

test('What is out of all reason counts as a day or as a tenth of a ms', () => {
  assert.deepEqual([latenciesOf([1e15]).percentile(50), latenciesOf([-5]).percentile(50)], [86_400_000, 0.1]);
});
