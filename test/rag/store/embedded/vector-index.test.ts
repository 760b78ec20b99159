import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VectorIndex } from '../../../../nodes/rag/store/embedded/vector-index.ts';

const component = fc.integer({ min: -9, max: 9 });

test('whatever is added and removed, the nearest are exactly the nearest', () => {
  const dimensions = fc.integer({ min: 1, max: 11 });
  const steps = dimensions.chain((length) => fc.tuple(fc.constant(length), fc.array(fc.record({ key: fc.nat(15), vector: fc.array(component, { minLength: length, maxLength: length }) }), { maxLength: 60 }), fc.array(component, { minLength: length, maxLength: length })));
  fc.assert(
    fc.property(steps, fc.nat(6), ([length, sequence, asked], limit) => {
      const index = new VectorIndex(length);
      const kept = new Map<number, number[]>();
      for (const { key, vector } of sequence) {
        // The second time a key comes it goes.
        if (kept.delete(key)) index.remove(key);
        else {
          kept.set(key, vector);
          index.add(key, key % 3, new Float32Array(vector));
        }
      }
      index.remove(99);
      const dot = (key: number) => (kept.get(key) ?? []).reduce((sum, one, at) => sum + one * (asked[at] ?? 0), 0);
      for (const documents of [undefined, new Set([0, 2])]) {
        const found = index.search(new Float32Array(asked), limit, documents);
        const fitting = [...kept.keys()].filter((key) => !documents || documents.has(key % 3));
        assert.deepEqual(found.map(({ score }) => score), fitting.map(dot).sort((a, b) => b - a).slice(0, limit));
        for (const { item, score } of found) assert.deepEqual([dot(item), fitting.includes(item)], [score, true]);
      }
    }),
  );
});

test('more vectors than one piece of memory holds, and fewer again', () => {
  const index = new VectorIndex(2);
  const count = 9000;
  for (let key = 0; key < count; key++) index.add(key, 0, new Float32Array([1, key]));
  const best = () => index.search(new Float32Array([0, 1]), 2).map(({ item, score }) => [item, score]);
  assert.deepEqual(best(), [[8999, 8999], [8998, 8998]]);
  for (let key = count - 1; key >= 10; key--) index.remove(key);
  assert.deepEqual(best(), [[9, 9], [8, 8]]);
  for (let key = 0; key < 10; key++) index.remove(key);
  assert.deepEqual(best(), []);
  index.add(1, 0, new Float32Array([1, 1]));
  assert.deepEqual(best(), [[1, 1]]);
});
