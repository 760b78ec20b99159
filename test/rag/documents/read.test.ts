/** Each kind of document, and odd ones of each: they are read, or refused with a reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLlmError } from '../../../nodes/core/errors.ts';
import { readDocuments } from '../../../nodes/rag/documents/read.ts';
import { assertComplete, blocksOf, fixture, readOne, reasonOf } from '../../support/documents.ts';

test('a text is its paragraphs, and its file’s name is the title', async () => {
  const text = '  First\nparagraph.\r\n\r\nSecond.\n \t\n\n\nThird.\n';
  const document = await readOne(Buffer.from(text), '/home/x/notes.txt');
  assert.deepEqual([document.text, document.title, document.metadata], [text, 'notes.txt', {}]);
  assert.deepEqual(blocksOf(document), ['paragraph: First\nparagraph.', 'paragraph: Second.', 'paragraph: Third.']);
  assertComplete(document);
});

test('right-to-left and Chinese texts stay as they are', async () => {
  for (const text of ['مرحبا بالعالم.\n\nשלום עולם', '水泵需要油。\n\n每周检查。']) {
    const document = await readOne(Buffer.from(text), 'x.txt');
    assert.equal(document.text, text);
    assert.equal(document.blocks.length, 2);
  }
});

test('a string is read without a name, and without the mark of its encoding', async () => {
  const document = await readOne('\uFEFFtext');
  assert.deepEqual([document.title, document.text], ['', 'text']);
});

test('a PDF keeps its pages, paragraphs, title and author, and words come together', async () => {
  const document = await readOne(fixture('pages.pdf').bytes, 'x.pdf');
  assert.deepEqual([document.title, document.metadata], ['Pumps and valves', { pages: 3, author: 'Ann Author' }]);
  assert.deepEqual(blocksOf(document), ['paragraph: Pumps move water through pipes. The international norm says how.', 'paragraph: A second paragraph stands below.', 'paragraph: Valves close the pipes on page three.']);
  assert.deepEqual(document.blocks.map(({ page }) => page), [1, 1, 3]);
  assertComplete(document);
});

test('a PDF that is only forbidden to be printed is read, and its bytes are left alone', async () => {
  const { bytes } = fixture('no-printing.pdf');
  const before = Buffer.from(bytes);
  assert.equal((await readOne(bytes)).title, 'Pumps and valves');
  assert.deepEqual(bytes, before);
});

test('a Word document keeps headings and tables', async () => {
  const document = await readOne(fixture('report.docx').bytes, 'x.docx');
  assert.equal(document.title, 'Maintenance of pumps');
  assert.deepEqual(blocksOf(document), [
    'heading 1: # Maintenance of pumps', 'paragraph: Pumps need oil. Größe: 5_cm.', 'heading 1: # Weekly', 'paragraph: Check the oil_level every week.', 'row: | Part | Days |\n| --- | --- |', 'row: | Oil | 7 |',
  ]);
  assertComplete(document);
});

test('each line of JSON Lines is a document', async () => {
  const lines = ['{"id":"a","title":"T","text":"# H\\n\\nx","tag":"k","n":1}', '', '{"id":7,"text":"# H"}', '{"text":"plain \\ud800"}'];
  const documents = await readDocuments({ bytes: lines.join('\r\n'), name: 'd/all.jsonl' });
  assert.deepEqual(documents.map(({ id, title, text, metadata }) => [id, title, text, metadata]), [
    ['a', 'T', '# H\n\nx', { tag: 'k', n: 1 }], ['7', 'H', '# H', {}], [undefined, 'all.jsonl:4', 'plain \uFFFD', {}],
  ]);
  assert.equal('id' in (documents[2] ?? {}), false);
});

const zeros = Buffer.alloc(100);
const old = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]);
const refused: Array<[name: string, bytes: Uint8Array | string, reason: RegExp]> = [
  ['empty.txt', '', /^The file is empty\.$/],
  ['empty.pdf', Buffer.alloc(0), /^The file is empty\.$/],
  ['blank.md', ' \n\t\n', /^There is no text in it\.$/],
  ['binary.txt', zeros, /binary data/],
  ['photo.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x00]), /binary data/],
  ['password.pdf', fixture('password.pdf').bytes, /^The PDF is protected by a password\. Save it without one\.$/],
  ['broken.pdf', fixture('broken.pdf').bytes, /^The PDF is damaged, or no PDF\./],
  ['text.pdf', 'text', /^A PDF cannot come as a string\./],
  ['no.pdf', Buffer.from('text'), /^The PDF is damaged, or no PDF\./],
  ['scan.pdf', fixture('images-only.pdf').bytes, /holds no text: its pages are images\./],
  ['old.docx', old, /protected by a password, or in the format before 2007/],
  ['broken.docx', fixture('report.docx').bytes.subarray(0, 700), /^The Word document is damaged/],
  ['no.docx', zeros, /^The Word document is damaged/],
  ['text.docx', 'text', /^A Word document cannot come as a string/],
  ['a.jsonl', '{"text":"secret"}\n{"text":"secret"', /^Line 2 is no JSON object\. Each line must be a JSON object with a text\.$/],
  ['a.jsonl', '\n["secret"]', /^Line 2 is no JSON object/],
  ['a.jsonl', '{"title":"secret"}', /^Line 1 has no text/],
  ['a.jsonl', '{"text":"secret","id":{}}', /^The id in line 1 is neither/],
];
for (const [name, bytes, reason] of refused) {
  test(`${name} is refused: ${reason.source}`, async () => {
    const told = await reasonOf(readDocuments({ bytes, name }));
    assert.match(told, reason);
    assert.doesNotMatch(told, /secret/);
  });
}

test('whatever is in a file, it is read or refused', async () => {
  const pdf = fixture('pages.pdf').bytes;
  const word = fixture('report.docx').bytes;
  const damaged = (bytes: Buffer) => fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 20 }).map((changes) => {
    const copy = Buffer.from(bytes);
    for (const [at, byte] of changes) copy[at] = byte;
    return copy;
  });
  const any = fc.oneof(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), fc.string({ unit: 'binary' }), damaged(pdf), damaged(word), fc.json());
  await fc.assert(
    fc.asyncProperty(any, fc.constantFrom('a.txt', 'a.md', 'a.html', 'a.pdf', 'a.docx', 'a.jsonl', undefined), async (bytes, name) => {
      const documents = await readDocuments({ bytes, name }).catch((error: unknown) => {
        assert.ok(isLlmError(error) && error.kind === 'invalid_request', String(error));
        return [];
      });
      for (const document of documents) assertComplete(document);
    }),
    { numRuns: 300 },
  );
});
