import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../../nodes/editor/sha256.ts';

const expected = (text: string) => createHash('sha256').update(text).digest('hex');

test('The hash of a text is the one that Node.js gives', () => {
  for (let length = 0; length < 200; length++) assert.equal(sha256('x'.repeat(length)), expected('x'.repeat(length)), String(length));
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => assert.equal(sha256(text), expected(text))));
});
