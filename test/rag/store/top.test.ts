import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Top } from '../../../nodes/rag/store/top.ts';

test('the best of any scores stay, best first', () => {
  const score = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
  fc.assert(
    fc.property(fc.array(score), fc.nat(8), (scores, limit) => {
      const top = new Top<number>(limit);
      scores.forEach((one, at) => top.offer(at, one));
      const sorted = top.sorted();
      assert.deepEqual(sorted.map((one) => one.score), scores.toSorted((a, b) => b - a).slice(0, limit));
      for (const { item, score: own } of sorted) assert.equal(scores[item], own);
      assert.equal(new Set(sorted.map(({ item }) => item)).size, sorted.length);
    }),
  );
});

test('of equals the earlier one stays, and comes first', () => {
  const top = new Top<string>(2);
  for (const item of ['a', 'b', 'c']) top.offer(item, 1);
  assert.deepEqual(top.sorted().map(({ item }) => item), ['a', 'b']);
});

test('the threshold is what the next one must beat', () => {
  const top = new Top<string>(2);
  const thresholds = [top.threshold];
  for (const score of [3, 1, 2]) {
    top.offer('x', score);
    thresholds.push(top.threshold);
  }
  assert.deepEqual(thresholds, [-Infinity, -Infinity, 1, 2]);
  assert.equal(new Top(0).threshold, Infinity);
});
