import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuse } from '../../../nodes/rag/retrieval/fusion.ts';

const fuseWords = (...rankings: string[]) => fuse(rankings.map((ranking) => ranking.split('')), (item) => item).join('');

test('what two rankings name goes before what one names', () => {
  assert.equal(fuseWords('abc', 'xyc'), 'caxby');
});

test('the ranks of the paper: 1 / (60 + rank), summed', () => {
  // b: 1/62 + 1/61, a: 1/61 + 1/63, c: 1/63 + 1/62.
  assert.equal(fuseWords('abc', 'bca'), 'bac');
  // Sixty-first and first in one ranking are as good as the first in it alone is bad: 1/121 + 1/61 > 1/62 + 1/120.
  const filler = Array.from({ length: 58 }, (_, at) => `f${at}`);
  const fused = fuse([['b', ...filler, 'x', 'a'], ['a', 'y']], (item) => item);
  assert.deepEqual(fused.slice(0, 2), ['a', 'b']);
});

test('one ranking stays as it is, and the first of the same items is given back', () => {
  assert.equal(fuseWords('cab', ''), 'cab');
  assert.deepEqual(fuse([[{ id: 1, from: 'words' }], [{ id: 1, from: 'meaning' }]], ({ id }) => `${id}`), [{ id: 1, from: 'words' }]);
  assert.deepEqual(fuse([], String), []);
});

const rankings = fc.array(fc.uniqueArray(fc.nat(20), { maxLength: 15 }), { maxLength: 4 });

test('each item stands once, and who is nowhere behind another is not behind it at the end', () => {
  fc.assert(
    fc.property(rankings, (lists) => {
      const fused = fuse(lists, String);
      assert.deepEqual([fused.length, new Set(fused)], [new Set(lists.flat()).size, new Set(lists.flat())]);
      const rank = (list: readonly number[], item: number) => (list.includes(item) ? list.indexOf(item) : Infinity);
      for (const [place, item] of fused.entries()) {
        for (const later of fused.slice(place + 1)) {
          const isBehindEverywhere = lists.every((list) => rank(list, later) <= rank(list, item)) && lists.some((list) => rank(list, later) < rank(list, item));
          assert.ok(!isBehindEverywhere, `${later} should go before ${item}`);
        }
      }
    }),
  );
});

test('an item that a ranking names twice counts once, at its first rank', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(8), { maxLength: 15 }), { maxLength: 4 }), (lists) => {
      assert.deepEqual(fuse(lists, String), fuse(lists.map((list) => [...new Set(list)]), String));
    }),
  );
});
