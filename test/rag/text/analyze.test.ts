import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { analyzerFor } from '../../../nodes/rag/text/analyze.ts';
import { isLanguage, languages, type Language } from '../../../nodes/rag/text/languages.ts';

const all = [...(Object.keys(languages) as Language[]), 'none' as const];

test('English words lose their endings, and those that say nothing are left out', () => {
  const analyze = analyzerFor('en');
  assert.deepEqual(analyze("It doesn't matter: the engine’s filters were filtering, and a pump conducts conduction."), ['matter', 'engin', 'filter', 'filter', 'pump', 'conduct', 'conduct']);
});

const forms: Record<string, string[]> = {
  de: ['Häuser', 'Hauses', 'Hausern'],
  es: ['naciones', 'nación', 'Nacion'],
  fr: ['chevaux', 'cheval'],
  it: ['automobili', 'automobile'],
  nl: ['lichamen', 'lichaam'],
  pt: ['informações', 'informação'],
  ru: ['книги', 'книга', 'книгу'],
  sv: ['bilarna', 'bilar'],
};
for (const [language, words] of Object.entries(forms)) {
  test(`the forms of a word are one term (${language})`, () => {
    assert.equal(new Set(words.flatMap(analyzerFor(language as Language))).size, 1);
  });
}

test('ligatures, full width, accents and vowel points make no difference', () => {
  const analyze = analyzerFor('none');
  assert.deepEqual(analyze('ﬁlter Ｆｉｌｔｅｒ Café cafe\u0301 Ёлка שָׁלוֹם שלום'), ['filter', 'filter', 'cafe', 'cafe', 'елка', 'שלום', 'שלום']);
});

test('marks that belong to a word stay', () => {
  assert.deepEqual(analyzerFor('none')('हिन्दी 한국어'), ['हिन्दी', '한국어']);
});

test('what has no spaces is told apart', () => {
  const analyze = analyzerFor('en');
  assert.ok(analyze('我爱北京天安门').includes('天安门'));
  assert.ok(analyze('今日は良い天気です').includes('天気'));
  assert.deepEqual(analyze('สวัสดีชาวโลก').at(-1), 'โลก');
});

test('names with digits and signs are their parts', () => {
  assert.deepEqual(analyzerFor('none')('C3PO max_tokens node-red 3.5 a@b.c'), ['c3po', 'max', 'tokens', 'node', 'red', '3', '5', 'a', 'b', 'c']);
});

test('data that looks like a word is cut, not in the middle of a character', () => {
  const analyze = analyzerFor('none');
  assert.deepEqual(analyze('x'.repeat(100_000)).map((term) => term.length), [64]);
  assert.deepEqual(analyze(`${'x'.repeat(63)}𝒳😀`).map((term) => term.isWellFormed()), [true]);
  assert.deepEqual(analyze(`${'x'.repeat(63)}𐐀𐐀`), ['x'.repeat(63)]);
});

test('names of what JavaScript’s objects have are words like any others', () => {
  const analyze = analyzerFor('en');
  for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) assert.deepEqual(analyze(word), analyze(word.toUpperCase()));
  assert.deepEqual(analyze('__proto__'), ['proto']);
});

test('whatever the text and the language, terms are letters, digits and marks, and the same each time', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.lorem());
  const analyzers = all.map((language) => analyzerFor(language));
  fc.assert(
    fc.property(text, fc.constantFrom(...analyzers), (given, analyze) => {
      const terms = analyze(given);
      for (const term of terms) assert.match(term, /^[\p{L}\p{N}\p{M}]+$/u);
      assert.deepEqual(analyze(given), terms);
    }),
    { numRuns: 2000 },
  );
});

test('a language is one that is known, or none', () => {
  assert.deepEqual(['en', 'none', 'xx', 'toString', '', undefined, 1].map(isLanguage), [true, true, false, false, false, false, false]);
});
