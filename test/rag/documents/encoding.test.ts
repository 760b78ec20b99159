import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLlmError } from '../../../nodes/core/errors.ts';
import { cleanText, decodeText } from '../../../nodes/rag/documents/encoding.ts';

const text = 'Größe, naïve, “quoted”, 5 €\n';
const western = Buffer.from(text.replaceAll('“', '\x93').replaceAll('”', '\x94').replaceAll('€', '\x80'), 'latin1');

function bigEndian(of: string): Buffer {
  return Buffer.from(`\uFEFF${of}`, 'utf16le').swap16();
}

test('a text comes out of any of its encodings', () => {
  const encodings = [Buffer.from(text), Buffer.from(`\uFEFF${text}`), Buffer.from(`\uFEFF${text}`, 'utf16le'), bigEndian(text), western];
  assert.deepEqual(encodings.map((bytes) => decodeText(bytes)), encodings.map(() => text));
});

test('any text comes out of UTF-8 and of marked UTF-16', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }).filter((any) => !/^\uFEFF|\0/.test(any)), (any) => {
      for (const bytes of [Buffer.from(any), Buffer.from(`\uFEFF${any}`, 'utf16le'), bigEndian(any)]) assert.equal(decodeText(bytes), any);
    }),
  );
});

test('a declared encoding counts where the bytes are no UTF-8', () => {
  assert.equal(decodeText(Buffer.from([0x93, 0xfa, 0x96, 0x7b]), 'shift_jis'), '日本');
  assert.equal(decodeText(Buffer.from('日本'), 'iso-8859-1'), '日本');
  assert.equal(decodeText(western, 'no-such-encoding'), text);
});

const refused: Record<string, [Uint8Array, RegExp]> = {
  'an image': [Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]), /holds no text, but binary data\. Text, Markdown/],
  'zeros between letters': [Buffer.from('a\0b\0'), /binary data/],
  'packed data without zeros': [Buffer.from([0x1f, 0x8b, 0x08, 0x01, 0xff, 0xfe]), /binary data/],
  'Cyrillic in an old encoding': [Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x20, 0xec, 0xe8, 0xf0]), /in which encoding the text is\. Save it as UTF-8\./],
  'bytes that no Western text has': [Buffer.concat([Buffer.from('a long text in ASCII, then '), Buffer.from([0x81])]), /in which encoding/],
};
for (const [what, [bytes, reason]] of Object.entries(refused)) {
  test(`${what} is refused with a reason`, () => {
    assert.throws(() => decodeText(bytes), (error) => isLlmError(error) && error.kind === 'invalid_request' && reason.test(error.message));
  });
}

test('any bytes are text or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        assert.equal(typeof decodeText(bytes), 'string');
      } catch (error) {
        assert.ok(isLlmError(error));
      }
    }),
  );
});

test('a clean text has no halves of pairs and no zeros, and is as long as before', () => {
  assert.equal(cleanText('a\uD800b\0c😀'), 'a\uFFFDb\uFFFDc😀');
});
