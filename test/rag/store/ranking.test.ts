import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxQuestionTerms, type PassageWords, questionTerms, Ranking, rarity } from '../../../nodes/rag/store/ranking.ts';

const words = (body: string, title = '', headings = ''): PassageWords => ({ title, headings, body });
const once = (...terms: string[]) => new Map(terms.map((term) => [term, 1]));

test('BM25 is what the formula says', () => {
  // Two passages of 3 and 1 words, so the mean is 2; k1 = 1.5, b = 0.75.
  const ranking = new Ranking([words('whale whale fish'), words('fish')], 10);
  const frequencies = new Map([['whale', 1], ['fish', 2]]);
  const idf = (n: number) => Math.log(1 + (10 - n + 0.5) / (n + 0.5));
  const part = (tf: number, length: number) => (tf * 2.5) / (tf + 1.5 * (0.25 + (0.75 * length) / 2));
  const expected = [idf(1) * part(2, 3) + 0.5 * idf(2) * part(1, 3), 0.5 * idf(2) * part(1, 1)];
  ranking.scores(new Map([['whale', 1], ['fish', 0.5], ['unknown', 1]]), frequencies).forEach((score, at) => assert.ok(Math.abs(score - (expected[at] as number)) < 1e-12));
});

test('a word in the title or a heading counts twice', () => {
  const [inText = 0, twice = 0, inTitle = 0, inHeading = 0] = new Ranking([words('a b'), words('a a b'), words('b', 'a'), words('b', '', 'a')], 9).scores(once('a'), new Map([['a', 4]]));
  assert.ok(inText < twice);
  assert.deepEqual([inTitle, inHeading], [twice, twice]);
});

test('rarity falls with how often a term stands, and never below nothing', () => {
  const values = [0, 1, 5, 9, 10, 50].map((frequency) => rarity(frequency, 10));
  assert.deepEqual(values, values.toSorted((a, b) => b - a));
  assert.ok(values.every((value) => value >= 0));
});

test('the rarest terms of a question are looked for, each once, and only those that stand somewhere', () => {
  const many = Array.from({ length: 50 }, (_, at) => `t${at}`);
  const frequencies = new Map([...many.map((term, at) => [term, 50 - at] as const), ['nowhere', 0]]);
  assert.deepEqual(questionTerms([...many, ...many, 'nowhere', 'unknown'], frequencies), many.toReversed().slice(0, maxQuestionTerms));
});

test('the words of the best candidates join the question, with half of the weight', () => {
  const of = (length: number, text: string, score: number) => Array.from({ length }, () => ({ text: words(text), score }));
  const candidates = [...of(30, 'whale tree', 0.5), ...of(5, 'whale desert', 1), ...of(5, 'whale ocean', 3)];
  const weights = new Ranking(candidates.map(({ text }) => text), 1000).enrich(['whale', 'big'], candidates.map(({ score }) => score));
  // By their scores, the best say whale 10 times, ocean 7.5 and desert 2.5; two terms asked make two to be shared out.
  const rounded = Object.fromEntries(Array.from(weights, ([term, weight]) => [term, Number(weight.toFixed(9))]));
  assert.deepEqual(rounded, { whale: 2, big: 1, ocean: 0.75, desert: 0.25 });
});

test('of few candidates nothing is learned', () => {
  const candidates = Array.from({ length: 19 }, () => words('whale ocean'));
  assert.deepEqual(new Ranking(candidates, 100).enrich(['whale'], candidates.map(() => 1)), once('whale'));
});
