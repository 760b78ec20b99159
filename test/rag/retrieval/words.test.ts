import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordsOf } from '../../../nodes/rag/retrieval/words.ts';

test('words are in small letters and without accents, and numbers are words', () => {
  assert.deepEqual(wordsOf('The VÁLVE, (M8) isn’t 3.5 “Größe”!'), ['the', 'valve', 'm8', 'isn', 't', '3', '5', 'große']);
  assert.deepEqual(wordsOf('ﬁne Ｆｕｌｌ'), ['fine', 'full']);
});

test('of scripts without blanks each two neighbors are a word, beside words of other scripts', () => {
  assert.deepEqual(wordsOf('打开阀门'), ['打开', '开阀', '阀门']);
  assert.deepEqual(wordsOf('M8阀'), ['m8', '阀']);
  assert.deepEqual(wordsOf('カイロ'), ['カイ', 'イロ']);
  assert.deepEqual(wordsOf('한국어 मराठी'), ['한국어', 'मराठी']);
});

test('there may be none', () => {
  assert.deepEqual(wordsOf(' … 🙂 -- '), []);
});
