import assert from 'node:assert/strict';
import { test } from 'node:test';
import { charsetOf, formatOf } from '../../../nodes/rag/documents/format.ts';

const cases = [
  ['text', 'a.txt', undefined], ['text', 'main.py', undefined], ['text', 'README', undefined], ['text', undefined, 'text/plain'], ['text', 'x.constructor', 'toString'],
  ['markdown', 'a.md', undefined], ['markdown', 'A.MD', undefined], ['markdown', 'a.md', 'text/plain'], ['markdown', 'a.txt', 'text/markdown; charset=utf-8'],
  ['html', 'C:\\b\\a.htm', undefined], ['html', 'a', 'Text/HTML;charset=x'], ['html', 'a.html', 'application/octet-stream'],
  ['pdf', 'a.b.pdf', undefined], ['pdf', undefined, 'application/pdf'], ['word', '/x/a.docx', undefined], ['jsonLines', 'a.jsonl', undefined], ['jsonLines', undefined, 'application/x-ndjson'],
  ['text', '.md', undefined], ['text', 'folder.md/name', undefined],
] as const;

for (const [format, name, type] of cases) {
  test(`${name ?? 'no name'} as ${type ?? 'no type'} is ${format}`, () => {
    assert.equal(formatOf({ bytes: 'x', name, type }), format);
  });
}

test('what has no name is known by how it begins', () => {
  const begins = ['%PDF-1.7\n', 'PK\x03\x04', '<!DOCTYPE html><p>', '\uFEFF\n<HTML lang="en">', '<p>', 'x <html>', ''];
  assert.deepEqual(begins.map((bytes) => formatOf({ bytes })), ['pdf', 'word', 'html', 'html', 'text', 'text', 'text']);
  assert.deepEqual(begins.slice(0, 3).map((text) => formatOf({ bytes: Buffer.from(text) })), ['pdf', 'word', 'html']);
  assert.equal(formatOf({ bytes: '<html>', type: 'text/plain' }), 'text');
});

test('a type tells its charset', () => {
  assert.deepEqual(['text/html', 'text/html; charset=ISO-8859-1', 'text/plain;x=1;Charset="utf-8"', undefined].map(charsetOf), [undefined, 'ISO-8859-1', 'utf-8', undefined]);
});
