import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withoutCode } from '../../nodes/core/code-spans.ts';

/** What is left, blanks aside. */
const left = (text: string) => withoutCode(text).replace(/ +/g, ' ').trim();

test('inline code is left out, with as many backticks as it opens with', () => {
  assert.equal(left('a `b` c'), 'a c');
  assert.equal(left('a ``b ` c`` d `e` f'), 'a d f');
  assert.equal(left('`a` b `c` d'), 'b d');
});

test('backticks that nothing closes are just backticks', () => {
  assert.equal(left('a `b c'), 'a `b c');
  assert.equal(left('a ``b` c'), 'a ``b` c');
  assert.equal(left('a `b\nc` d'), 'a `b\nc` d');
});

test('fenced blocks are left out, up to a fence of their own kind that is no shorter', () => {
  for (const fence of ['```', '~~~', '````']) assert.equal(left(`a\n${fence}js\nb\n${fence}\nc`), 'a\n \n \n \nc');
  assert.equal(left('```\na\n~~~\nb\n```\nc'), '\n \n \n \n \nc'.trim());
  assert.equal(left('````\na\n```\nb\n````\nc'), 'c');
  assert.equal(left('```\na\n``` not the end\nb\n```\nc'), 'c');
});

test('fences stand in lists and quotes, and with any line ends', () => {
  assert.equal(left('- ```\n  a\n  ```\nb'), 'b');
  assert.equal(left('1. ```\n   a\n   ```\nb'), 'b');
  assert.equal(left('> ```\n> a\n> ```\nb'), 'b');
  assert.equal(left('```\r\na\r\n```\r\nb'), 'b');
});

test('a fence that is never closed reaches to the end', () => {
  assert.equal(left('a\n```\nb\nc'), 'a');
});

test('a line such as ```code``` is inline code and opens nothing', () => {
  assert.equal(left('```a```\nb'), 'b');
});

test('everything else stays in its place', () => {
  const markdown = fc.string({ unit: fc.constantFrom('a', '`', '~', '\n', ' ', '-', '[1]', '```\n', '\r') });
  fc.assert(
    fc.property(markdown, (text) => {
      const plain = withoutCode(text);
      assert.equal(plain.length, text.length);
      for (let at = 0; at < text.length; at++) assert.ok(plain[at] === text[at] || plain[at] === ' ');
    }),
  );
});
