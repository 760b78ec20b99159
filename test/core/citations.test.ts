import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { citationsOf } from '../../nodes/core/citations.ts';
import type { ContextPassage } from '../../nodes/core/context.ts';

const context: ContextPassage[] = Array.from({ length: 12 }, (_, at) => ({
  text: `secret ${at + 1}`, source: `doc-${at + 1}.md`, title: `Document ${at + 1}`, headings: ['Top'], score: 0.5, start: at, end: at + 9, ...(at === 0 && { page: 7 }),
}));

const cited = (text: string, given = context) => citationsOf(text, given).map(({ number }) => number);

test('a citation tells where the passage stands, without its text', () => {
  assert.deepEqual(citationsOf('So it is [1].', context), [{ number: 1, source: 'doc-1.md', title: 'Document 1', headings: ['Top'], start: 0, end: 9, page: 7 }]);
});

test('numbers are found in all the ways in which models write them', () => {
  for (const [text, numbers] of [
    ['Open it [1] slowly.', [1]],
    ['word[2].', [2]],
    ['[1, 3] and [5; 6]', [1, 3, 5, 6]],
    ['[1][2] [3]', [1, 2, 3]],
    ['[1-3]', [1, 2, 3]],
    ['[1–3, 5]', [1, 2, 3, 5]],
    ['【1】和【2、3】', [1, 2, 3]],
    ['【4†source】', [4]],
    ['[^2]', [2]],
    ['[ 1 ]', [1]],
    ['**[1]**', [1]],
    ['| a [1] | b [2] |', [1, 2]],
    ['[1] (page 3)', [1]],
    ['[1](page 3)', [1]],
    ['[1]: as a start, and here [2]: so', [2]],
  ] as const) {
    assert.deepEqual(cited(text), numbers, text);
  }
});

test('each stands once, in the order of first mention', () => {
  assert.deepEqual(cited('[3] [1] [3] [2, 1] [4-2] [2-4]'), [3, 1, 2, 4]);
});

test('only numbers that a passage has count', () => {
  assert.deepEqual(cited('[0] [13] [2024] [-1] [1.5] [11-14] [1-999999] [99999999999]'), [11, 12]);
  assert.deepEqual(cited('[1]', []), []);
});

test('code, links, images, escaped brackets and definitions are no citations', () => {
  for (const text of [
    '`a[1]`', '```\na[1]\n```', '```\na[1]', '[1](https://example.com)', '![1](a.png)', '[1](#top)', '\\[1]', '[1]: https://example.com', 'x\n  [1]: Title', '[^1]: Title',
    '[a1]', '[1a]', '[]', '[,]', '[1,]', '(1)', '[1', '1]', '[[x]]', '[ ]', '[x]', '[1 2]',
  ]) {
    assert.deepEqual(cited(text), [], text);
  }
});

const paper = [
  { text: 'Otters hold hands while they sleep, as Smith has shown [2]. They eat [3, 4] in the morning and in the evening.', source: 'otters.pdf' },
  { text: 'Valves are closed with a wheel. The wheel is turned to the right, as the norm says [2].', source: 'valves.pdf' },
  { text: 'References\n\n[1] Smith, J. On the sleep of otters. 1999\n[2] Norm of wheels, second edition.', source: 'references.pdf' },
] as ContextPassage[];

test('numbers that an answer quotes from a passage are the document’s own, and cite no other one', () => {
  for (const [text, numbers] of [
    ['As Smith has shown [2], they sleep [1].', [2, 1]],
    ['They hold hands while they sleep, as Smith has shown [2]. [1]', [1]],
    ['hold hands while they sleep,\n  as Smith has shown [2].[1]', [1]],
    ['[3, 4] in the morning and in the evening [1].', [1]],
    ['The wheel is turned to the right, as the norm says [2].', [2]],
    ['See: [1] Smith, J. On the sleep of otters. 1999 [3]', [3]],
    [paper.map(({ text }, at) => `[${at + 1}] Title\n${text}`).join('\n\n'), [1, 2, 3]],
  ] as const) {
    assert.deepEqual(cited(text, paper), numbers, text);
  }
});

test('a context that somebody wrote by hand is taken as far as it goes', () => {
  for (const given of [undefined, null, 'text', 7, {}, [], [null], [[]], [{ text: 7 }], { length: 3 }]) assert.deepEqual(citationsOf('[1] [2]', given), []);
  assert.deepEqual(citationsOf('[1] [2] [3]', ['plain', null, { text: 'x', title: 7, headings: ['a', 1], start: -1, end: NaN, page: 0, extra: 1 }]), [
    { number: 1, source: '', title: '', headings: [], start: 0, end: 5 },
    { number: 3, source: '', title: '', headings: ['a'], start: 0, end: 1 },
  ]);
});

test('whatever an answer and a context are, the citations are passages of that context, each once', () => {
  const answers = fc.string({ unit: fc.oneof(fc.constantFrom('[', ']', '1', '2', '-', ',', '`', '\n', '(', ')', ':', '\\', '【', '】', '†', ' ', '[1]', '```'), fc.string({ unit: 'grapheme', maxLength: 1 })) });
  fc.assert(
    fc.property(answers, fc.oneof(fc.array(fc.oneof(fc.anything(), fc.record({ text: fc.string() }))), fc.anything()), (answer, given) => {
      const numbers = citationsOf(answer, given).map(({ number }) => number);
      assert.equal(new Set(numbers).size, numbers.length);
      for (const number of numbers) assert.ok(Number.isInteger(number) && Array.isArray(given) && given[number - 1] != null);
    }),
  );
});

test('the time that it takes grows with the text and no faster', () => {
  const long = Array.from({ length: 100_000 }, () => context[0]);
  const nasty = ['[', '[1', '[1,', '[1†', '[1](', '[1-50]', '`', '``[`', '` `` ', '\n```', '[1]:', ' ', '1,', '\\[', '> ', '[1-99999]', '~'];
  // A quadratic search would take hours.
  for (const piece of nasty) citationsOf(piece.repeat(Math.ceil(1_000_000 / piece.length)), long);
  for (const piece of nasty) citationsOf('[1] '.repeat(3_000), [{ text: piece.repeat(Math.ceil(100_000 / piece.length)) }]);
  citationsOf(`[${'1,'.repeat(500_000)}1]`, long);
  citationsOf(Array.from({ length: 1_000 }, (_, at) => '`'.repeat(at)).join(' '), long);
});
