/** Small documents that come to much: each is one failed document, told in words, and the next one is read. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Source } from '../../../nodes/rag/documents/document.ts';
import { DocumentReader, type ReaderOptions } from '../../../nodes/rag/documents/reader.ts';
import { type ReaderSettings, readReaderSettings } from '../../../nodes/rag/documents/settings.ts';
import { defaultSplitOptions } from '../../../nodes/rag/passages/settings.ts';
import { pdfBomb, wordBomb } from '../../support/bombs.ts';
import { reasonOf } from '../../support/documents.ts';

const mb = 1024 ** 2;
const light = { bytes: '# A\n\nText.', name: 'light.md' };

/** Little, so that a bomb of some MB is one. */
const small = { maxMemoryMb: 64, maxFileMb: 8 };

function start(t: TestContext, settings: Partial<ReaderSettings> = {}, options: ReaderOptions = {}): DocumentReader {
  const reader = new DocumentReader(readReaderSettings(settings), options);
  t.after(() => reader.close());
  return reader;
}

async function assertRefused(reader: DocumentReader, source: Source, reason: RegExp): Promise<void> {
  assert.match(await reasonOf(reader.read(source, defaultSplitOptions)), reason);
  assert.equal((await reader.read(light, defaultSplitOptions)).length, 1);
}

test('a document that unpacks to more than it may is refused before it is unpacked, whatever it says of itself', async (t) => {
  const reader = start(t);
  const reason = /^It unpacks to more than 100 MB\. Divide it, or raise the bound of the largest file\.$/;
  for (const source of [
    { bytes: wordBomb(101 * mb), name: 'a.docx' },
    { bytes: wordBomb(101 * mb, { declared: 1_000 }), name: 'lies.docx' },
    { bytes: wordBomb(1_000, { declared: 2 ** 32 - 1 }), name: 'boasts.docx' },
    { bytes: pdfBomb(101 * mb), name: 'twice.pdf' },
    { bytes: pdfBomb(101 * mb, { times: 1 }), name: 'once.pdf' },
    { bytes: pdfBomb(101 * mb, { times: 3 }), name: 'thrice.pdf' },
  ]) {
    assert.ok(source.bytes.length < 300_000, source.name);
    await t.test(source.name, () => assertRefused(reader, source, reason));
  }
});

const outOfMemory = /^Reading it took more than \d+ MB of memory\. Divide the document\.$/;

for (const [name, isLimited] of [['the system holds', process.platform === 'linux'], ['the process watches itself', false]] as const) {
  test(`what cannot be seen before is bounded while it is read, where ${name}`, async (t) => {
    const reader = start(t, small, { isLimited });
    for (const source of [
      { bytes: wordBomb(60 * mb), name: 'many-paragraphs.docx' },
      // Its filters stand in another object.
      { bytes: pdfBomb(1_000 * mb, { filters: '/Filter 6 0 R' }), name: 'hidden.pdf' },
      { bytes: '<i>'.repeat(900).concat('<b>x</b>'.repeat(900_000)), name: 'page.html' },
    ]) {
      await t.test(source.name, () => assertRefused(reader, source, outOfMemory));
    }
  });
}

test('a reader that watches itself reads what others read', async (t) => {
  const reader = start(t, {}, { isLimited: false });
  assert.equal((await reader.read(light, defaultSplitOptions))[0]?.passages.length, 1);
});

test('a file of JSON Lines is read line by line, and one in one line is refused', async (t) => {
  const reader = start(t);
  const line = `${JSON.stringify({ text: 'Some words. '.repeat(2_000) })}\n`;
  assert.equal((await reader.read({ bytes: Buffer.from(line.repeat(20)), name: 'a.jsonl' }, defaultSplitOptions)).length, 20);
  const long = /^Line 2 is longer than 16 MB\. Each line must be a document of its own\.$/;
  await assertRefused(reader, { bytes: Buffer.from(`${line}{"text":"${'x'.repeat(93 * mb)}"}`), name: 'a.jsonl' }, long);
  await assertRefused(reader, { bytes: `{"text":"a"}\n{"text":"${'x'.repeat(17 * mb)}"}\n`, name: 'a.jsonl' }, long);
});
