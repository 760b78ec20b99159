import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withoutNearDuplicates } from '../../../nodes/rag/retrieval/near-duplicates.ts';

const kept = (...texts: string[]) => withoutNearDuplicates(texts.map((text, at) => ({ text, at })), ({ text }) => text).map(({ at }) => at);

const words = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `word${String.fromCharCode(97 + ((at + from) % 26))}${String.fromCharCode(97 + (Math.floor((at + from) / 26) % 26))}`);

test('the first of the same texts stays, whatever its case, blanks and marks', () => {
  assert.deepEqual(kept('Open the valve slowly.', 'Close it.', '  open THE valve,\nslowly', 'Close it.'), [0, 1]);
});

test('a long text with a word or two changed is a near-duplicate, one with every tenth changed is not', () => {
  const text = words(200);
  const changed = (count: number) => text.map((word, at) => (at % Math.ceil(200 / count) === 0 ? 'other' : word)).join(' ');
  assert.deepEqual(kept(text.join(' '), changed(2)), [0]);
  assert.deepEqual(kept(text.join(' '), `${text.join(' ')} and so on`), [0]);
  assert.deepEqual(kept(text.join(' '), changed(20)), [0, 1]);
  assert.deepEqual(kept(text.join(' '), words(200, 100).join(' ')), [0, 1]);
});

test('texts that differ in a number both stay', () => {
  const row = (number: string) => `${words(60).join(' ')} at most ${number} degrees ${words(60, 60).join(' ')}`;
  assert.deepEqual(kept(row('40'), row('60'), row('40')), [0, 1]);
});

test('short texts are compared word by word', () => {
  assert.deepEqual(kept('yes', 'no', 'yes', 'yes no', ''), [0, 1, 3, 4]);
  assert.deepEqual(kept('---', '***', '---'), [0, 1]);
});

test('the same words in another order say something else', () => {
  assert.deepEqual(kept('The dog bites the man.', 'The man bites the dog.'), [0, 1]);
});

test('texts of other scripts are compared too', () => {
  assert.deepEqual(kept('请慢慢打开阀门。', '请慢慢打开阀门', '请马上关闭水泵。'), [0, 2]);
});

test('what stays is a part of the items in their order, with no text twice, and once more nothing goes', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '1', '2', '…'), { maxLength: 12 }).map((parts) => parts.join(' '));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), (texts) => {
      const indices = kept(...texts);
      assert.deepEqual(indices, [...indices].sort((a, b) => a - b));
      const left = indices.map((at) => texts[at] ?? '');
      assert.equal(new Set(left).size, left.length);
      assert.equal(kept(...left).length, left.length);
      if (texts.length > 0) assert.equal(indices[0], 0);
    }),
  );
});
