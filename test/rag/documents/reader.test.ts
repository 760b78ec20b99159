import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { isLlmError } from '../../../nodes/core/errors.ts';
import { DocumentReader } from '../../../nodes/rag/documents/reader.ts';
import { type ReaderSettings, readReaderSettings } from '../../../nodes/rag/documents/settings.ts';
import { defaultSplitOptions } from '../../../nodes/rag/passages/settings.ts';
import { fixture, reasonOf } from '../../support/documents.ts';

function start(t: TestContext, settings: Partial<ReaderSettings> = {}): DocumentReader {
  const reader = new DocumentReader(readReaderSettings(settings));
  t.after(() => reader.close());
  return reader;
}

/** Takes the reader half a minute, and much memory. */
const heavy = { bytes: '- a\n'.repeat(5e6), name: 'heavy.md' };
const light = { bytes: '# A\n\nText.', name: 'light.md' };

test('a document comes as passages', async (t) => {
  const reader = start(t);
  const [document, ...others] = await reader.read(fixture('pages.pdf'), defaultSplitOptions);
  assert.deepEqual([others, document?.title, document?.metadata], [[], 'Pumps and valves', { pages: 3, author: 'Ann Author' }]);
  assert.deepEqual(document?.passages.map(({ page, start: from, text }) => [page, from, text]), [
    [1, 0, 'Pumps move water through pipes. The international norm says how.\n\nA second paragraph stands below.'], [3, 100, 'Valves close the pipes on page three.'],
  ]);
  assert.deepEqual((await reader.read(light, defaultSplitOptions))[0]?.passages, [{ text: '# A\n\nText.', headings: ['A'], start: 0, end: 10 }]);
  assert.equal((await reader.read({ ...fixture('pages.pdf'), name: 'x', type: 'application/pdf' }, defaultSplitOptions))[0]?.title, 'Pumps and valves');
});

test('many documents in one file keep their ids', async (t) => {
  const documents = await start(t).read({ bytes: '{"id":"a","text":"x"}\n{"id":"b","text":"y","k":1}', type: 'application/jsonl' }, defaultSplitOptions);
  assert.deepEqual(documents.map(({ id, metadata, passages }) => [id, metadata, passages[0]?.text]), [['a', {}, 'x'], ['b', { k: 1 }, 'y']]);
});

test('the hash changes with the text, the title, the metadata and the way of splitting, and with nothing else', async (t) => {
  const reader = start(t);
  const hashOf = async (line: object, options = defaultSplitOptions) => (await reader.read({ bytes: JSON.stringify(line), name: 'a.jsonl' }, options))[0]?.hash;
  const first = await hashOf({ id: 'a', text: 'x', title: 't', k: 1 });
  assert.match(String(first), /^[0-9a-f]{64}$/);
  assert.equal(await hashOf({ title: 't', text: 'x', k: 1, id: 'b' }), first);
  const others = await Promise.all([hashOf({ text: 'y', title: 't', k: 1 }), hashOf({ text: 'x', title: 'u', k: 1 }), hashOf({ text: 'x', title: 't', k: 2 }), hashOf({ text: 'x', title: 't', k: 1 }, { maxTokens: 100, overlapTokens: 32 })]);
  assert.equal(new Set([first, ...others]).size, 5);
});

test('50 MB of text are read', async (t) => {
  const bytes = Buffer.from(`${'The quick brown fox jumps over the lazy dog, and then it rests for a while. '.repeat(6)}\n\n`.repeat(108_000));
  const [document] = await start(t).read({ bytes, name: 'large.txt' }, defaultSplitOptions);
  assert.deepEqual([document?.title, document?.passages.length], ['large.txt', 54_000]);
  assert.equal(document?.passages.at(-1)?.end, 458 * 108_000 - 3);
});

test('a document that takes too long is refused, and the next one is read', async (t) => {
  const reader = start(t, { timeoutMs: 2_000 });
  const [reason, documents] = await Promise.all([reasonOf(reader.read(heavy, defaultSplitOptions)), reader.read(light, defaultSplitOptions)]);
  assert.deepEqual([reason, documents.length], ['Reading it took longer than 2.0 s. Divide the document, or raise the time limit.', 1]);
});

test('a document that takes too much memory is refused, and the next one is read', async (t) => {
  const reader = start(t, { maxMemoryMb: 64 });
  assert.equal(await reasonOf(reader.read(heavy, defaultSplitOptions)), 'Reading it took more than 64 MB of memory. Divide the document.');
  assert.equal((await reader.read(light, defaultSplitOptions)).length, 1);
});

test('what cannot be read is refused with the reason', async (t) => {
  const reader = start(t, { maxFileMb: 1 });
  const cases = [
    [{ bytes: Buffer.alloc(1024 ** 2 + 1, 'a'), name: 'large.txt' }, /^It is larger than 1 MB\./],
    [fixture('password.pdf'), /^The PDF is protected by a password\./],
  ] as const;
  for (const [source, reason] of cases) assert.match(await reasonOf(reader.read(source, defaultSplitOptions)), reason);
});

test('closing cancels what is not read yet', async (t) => {
  const reader = start(t);
  const readings = [heavy, light].map((source) => reader.read(source, defaultSplitOptions).catch((error: unknown) => isLlmError(error) && error.kind));
  await reader.close();
  assert.deepEqual(await Promise.all(readings), ['cancelled', 'cancelled']);
});
