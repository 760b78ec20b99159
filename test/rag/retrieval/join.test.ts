import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headingsOfRun, runsOf, textOfRun } from '../../../nodes/rag/retrieval/join.ts';
import type { Passage } from '../../../nodes/rag/passages/passage.ts';
import { cutTexts, documentOf, foundIn, passagesOf } from '../../support/passages.ts';

const runs = (passages: readonly Passage[]) => runsOf(foundIn(documentOf('a'), passages)).map((run) => run.map(({ ordinal }) => ordinal));
const passage = (start: number, end: number, headings: string[] = []): Passage => ({ text: 'x'.repeat(end - start), headings, start, end });

test('neighbors are one run, others are not', () => {
  const found = foundIn(documentOf('a'), passagesOf(['a', 'b', 'c', 'd', 'e']));
  assert.deepEqual(runsOf([3, 0, 4, 1].flatMap((at) => found[at] ?? [])).map((run) => run.map(({ ordinal }) => ordinal)), [[0, 1], [3, 4]]);
});

test('neighbors under other headings are two runs, unless nothing can be missing between them', () => {
  assert.deepEqual(runs([passage(0, 5, ['A']), passage(7, 9, ['B'])]), [[0], [1]]);
  assert.deepEqual(runs([passage(0, 5, ['A']), passage(7, 9, ['A'])]), [[0, 1]]);
  assert.deepEqual(runs([passage(0, 5, ['A']), passage(5, 9, ['B'])]), [[0, 1]]);
  assert.deepEqual(runs([passage(0, 5, ['A']), passage(4, 9, ['A', 'B'])]), [[0, 1]]);
});

test('a passage within another does not tear a run', () => {
  assert.deepEqual(runs([passage(0, 10), passage(2, 4), passage(8, 12)]), [[0, 1, 2]]);
});

test('passages of two documents never join', () => {
  const [one, other] = ['a', 'b'].map((id) => foundIn(documentOf(id), passagesOf(['x', 'y'])));
  assert.deepEqual(runsOf([one?.[0], other?.[1]].flatMap((found) => found ?? [])).length, 2);
});

test('the headings of a run are those that all of it has', () => {
  const headings = (...lists: string[][]) => headingsOfRun(foundIn(documentOf('a'), lists.map((list, at) => passage(at, at + 1, list))));
  assert.deepEqual(headings(['A', 'B']), ['A', 'B']);
  assert.deepEqual(headings(['A', 'B'], ['A', 'C']), ['A']);
  assert.deepEqual(headings(['A', 'B'], ['A', 'B', 'C']), ['A', 'B']);
  assert.deepEqual(headings(['A'], []), []);
});

test('any passages of a document, joined, are what stands in it between their ends', () => {
  fc.assert(
    fc.property(cutTexts(), fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), ({ text, passages }, picks) => {
      const all = foundIn(documentOf('a'), passages);
      const chosen = [...new Set(picks.map((pick) => pick % all.length))].flatMap((at) => all[at] ?? []);
      const joined = runsOf(chosen).map(textOfRun);
      for (const { text: part, start, end } of joined) assert.equal(part, text.slice(start, end));
      // Together they cover what the passages cover, and no two touch.
      const covered = (ranges: ReadonlyArray<{ start: number; end: number }>) => Array.from(text, (_, at) => ranges.some(({ start, end }) => start <= at && at < end));
      assert.deepEqual(covered(joined), covered(chosen.map(({ passage }) => passage)));
      for (const [at, { end }] of joined.entries()) assert.ok((joined[at + 1]?.start ?? Infinity) > end);
    }),
  );
});

test('where blanks between passages were cut off, blanks stand between them again', () => {
  const text = 'One two.\n\nThree four. Five six.\n\n\nSeven.';
  const parts = [...text.matchAll(/\S.*?[.]/g)].map(({ 0: part, index }) => ({ text: part, headings: [], start: index, end: index + part.length }));
  assert.deepEqual(textOfRun(foundIn(documentOf('a'), parts)), { text: 'One two.\n\nThree four. Five six.\n\nSeven.', start: 0, end: text.length });
});
