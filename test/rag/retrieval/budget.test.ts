import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { estimateTokenCount } from 'tokenx';
import { cutToTokens, fit } from '../../../nodes/rag/retrieval/budget.ts';
import { textOfRun } from '../../../nodes/rag/retrieval/join.ts';
import { cutTexts, documentOf, foundIn, passagesOf } from '../../support/passages.ts';

const sentence = (count: number) => 'word '.repeat(count).trim();
/** Every second one, so that none are neighbors. */
const apart = (...counts: number[]) => foundIn(documentOf('a'), passagesOf(counts.flatMap((count) => [sentence(count), '-']))).filter(({ ordinal }) => ordinal % 2 === 0);
const taken = (runs: ReturnType<typeof fit>) => runs.map((run) => run.map(({ ordinal }) => ordinal));

test('as many fit as the tokens allow, and a smaller one may follow where a larger one does not fit', () => {
  const units = apart(10, 10, 50, 10).map((found) => [found]);
  assert.deepEqual(taken(fit(units, { maxTokens: 40, maxPassages: 9 })), [[0], [2], [6]]);
  assert.deepEqual(taken(fit(units, { maxTokens: 10, maxPassages: 9 })), []);
  assert.deepEqual(taken(fit(units, { maxTokens: 11, maxPassages: 9 })), [[0]]);
});

test('no more than so many come, and those that go on from each other count as one', () => {
  const all = foundIn(documentOf('a'), passagesOf(['a', 'b', 'c', 'd', 'e', 'f']));
  const pick = (...ordinals: number[]) => ordinals.flatMap((at) => (all[at] ? [[all[at]]] : []));
  assert.deepEqual(taken(fit(pick(0, 2, 5, 1), { maxTokens: 99, maxPassages: 2 })), [[0, 1, 2]]);
  assert.deepEqual(taken(fit(pick(0, 5, 3, 4, 1), { maxTokens: 99, maxPassages: 2 })), [[0, 1], [4, 5]]);
});

test('a unit comes as a whole or not at all, and what units share counts once', () => {
  const [a, b, c] = foundIn(documentOf('a'), passagesOf([sentence(10), sentence(10), sentence(10)]));
  assert.ok(a && b && c);
  assert.deepEqual(taken(fit([[a, b, c], [b]], { maxTokens: 30, maxPassages: 9 })), [[1]]);
  assert.deepEqual(taken(fit([[a, b], [b, c]], { maxTokens: 33, maxPassages: 9 })), [[0, 1, 2]]);
});

test('the budget holds for the joined texts, and what would still have fit is not left out', () => {
  const budgets = fc.record({ maxTokens: fc.nat(60), maxPassages: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(fc.array(cutTexts(fc.constantFrom('a', 'word ', '. ', '\n', 'é')), { minLength: 1, maxLength: 3 }), fc.array(fc.nat(), { maxLength: 20 }), budgets, (documents, picks, budget) => {
      const all = documents.flatMap(({ passages }, at) => foundIn(documentOf(`${at}`), passages));
      const units = picks.map((pick) => all[pick % all.length]).flatMap((found) => (found ? [[found]] : []));
      const runs = fit(units, budget);
      assert.ok(runs.length <= budget.maxPassages);
      assert.ok(runs.reduce((sum, run) => sum + estimateTokenCount(textOfRun(run).text), 0) <= budget.maxTokens);
      const boundless = { ...budget, maxPassages: Infinity };
      const most = fit(units, boundless).flat();
      assert.equal(fit([...most.map((found) => [found]), ...units], boundless).flat().length, most.length);
    }),
  );
});

test('a text is cut at a word where one is near, and fits then', () => {
  const text = sentence(100);
  const cut = cutToTokens(text, 20);
  assert.match(cut, /^(word )+word$/);
  assert.ok(estimateTokenCount(cut) <= 20 && estimateTokenCount(cut) > 15);
  assert.equal(cutToTokens('short', 20), 'short');
});

test('what is cut is a beginning of the text, is not empty and breaks no character', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', 'word ', '😀', '漢', '\n', '.'), minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 30 }), (whole, maxTokens) => {
      const cut = cutToTokens(whole, maxTokens);
      assert.ok(whole.startsWith(cut) && cut !== '');
      assert.ok(cut.isWellFormed());
      assert.ok(estimateTokenCount(cut) <= maxTokens || cut.length <= 2);
    }),
  );
});
