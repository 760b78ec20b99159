import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LlmError } from '../../../nodes/core/errors.ts';
import { file, notEmbeddable, nothing, setUpIndex, unreadable } from '../../support/indexing.ts';

test('what is new is added, and read, embedded and stored', async () => {
  const { upsert, store, contents } = setUpIndex();
  const source = file('a.md', 'one\n\ntwo', { source: 'https://example.com/a', metadata: { lang: 'en', words: 7 } });
  assert.deepEqual(await upsert(source, file('b.md', 'three')), { ...nothing, added: 2, passages: 3, embedded: 3 });
  assert.deepEqual(await contents(), { 'a.md': ['one', 'two'], 'b.md': ['three'] });
  const { hash, ...facts } = (await store.get('a.md')) ?? {};
  assert.match(hash ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(facts, { id: 'a.md', title: 'a.md', source: 'https://example.com/a', metadata: { lang: 'en', words: 7 }, passages: 2, embedded: true, indexedAt: 0 });
});

test('what has not changed is not even read', async () => {
  const { upsert, reads, store } = setUpIndex();
  const sources = [file('a.md', 'one'), file('b.jsonl', 'x: one\ny: two')];
  await upsert(...sources);
  reads.length = store.calls.length = 0;
  assert.deepEqual(await upsert(...sources), { ...nothing, unchanged: 3 });
  assert.deepEqual(reads, []);
  assert.ok(!store.calls.some((call) => /^(put|remove|knownVectors)/.test(call)));
  assert.deepEqual(await upsert({ ...file('a.md', ''), content: async () => Buffer.from('one') }), { ...nothing, unchanged: 1 });
});

test('every change of a source is seen, and nothing else is one', async () => {
  const { upsert } = setUpIndex();
  const source = file('a.md', 'one', { type: 'text/plain', title: 'A', source: 'here', metadata: { a: 1, b: { c: 2, d: 3 } } });
  await upsert(source);
  assert.equal((await upsert({ ...source, metadata: { b: { d: 3, c: 2 }, a: 1 } })).unchanged, 1);
  for (const change of [{ content: 'two' }, { title: 'B' }, { source: 'there' }, { metadata: { a: 2 } }, { type: 'text/html' }, { name: 'a.txt' }]) {
    assert.equal((await upsert({ ...source, ...change })).updated, 1, JSON.stringify(change));
    assert.equal((await upsert(source)).updated, 1);
  }
});

test('other settings of cutting read everything anew', async () => {
  const { store, upsert } = setUpIndex({ split: { size: 1 } });
  await upsert(file('a.md', 'one'));
  assert.deepEqual(await setUpIndex({ store, split: { size: 2 } }).upsert(file('a.md', 'one')), { ...nothing, updated: 1, passages: 1 });
});

test('texts that were embedded before are not embedded again, wherever they stand now', async () => {
  const { upsert, embedded } = setUpIndex();
  await upsert(file('a.md', 'one\n\ntwo\n\none'));
  assert.deepEqual(embedded, ['one', 'two']);
  assert.deepEqual(await upsert(file('b.md', 'one')), { ...nothing, added: 1, passages: 1 });
  assert.deepEqual(await upsert(file('a.md', 'two\n\nthree')), { ...nothing, updated: 1, passages: 2, embedded: 1 });
  assert.deepEqual(embedded, ['one', 'two', 'three']);
});

test('a document that shrinks loses its tail', async () => {
  const { upsert, contents } = setUpIndex();
  await upsert(file('a.md', 'one\n\ntwo'));
  await upsert(file('a.md', 'one'));
  assert.deepEqual(await contents(), { 'a.md': ['one'] });
});

test('a source of many documents loses those that are gone, and touches no other', async () => {
  const { upsert, contents, store } = setUpIndex();
  // The last two look like parts of the first, and are none.
  await upsert(file('a.jsonl', 'x: one\ny: two\nz: three'), file('a.jsonl#own', 'four'), file('a.jsonl#b.jsonl', 'v: five'));
  assert.deepEqual((await store.get('a.jsonl#x'))?.metadata, { partOf: 'a.jsonl' });
  assert.deepEqual(await upsert(file('a.jsonl', 'x: one\nz: three!')), { ...nothing, updated: 2, removed: 1, passages: 2, embedded: 1 });
  assert.deepEqual(await contents(), { 'a.jsonl#b.jsonl#v': ['five'], 'a.jsonl#own': ['four'], 'a.jsonl#x': ['one'], 'a.jsonl#z': ['three!'] });
  assert.deepEqual(await upsert(file('a.jsonl', '')), { ...nothing, removed: 2 });
});

test('a source may become many documents, and one again', async () => {
  const { upsert, contents } = setUpIndex();
  await upsert(file('a', 'one', { name: 'a.md' }));
  assert.deepEqual(await upsert(file('a', 'x: one\ny: two', { name: 'a.jsonl' })), { ...nothing, added: 2, removed: 1, passages: 2, embedded: 1 });
  assert.deepEqual(await contents(), { 'a#x': ['one'], 'a#y': ['two'] });
  await upsert(file('a', 'one', { name: 'a.md' }));
  assert.deepEqual(await contents(), { a: ['one'] });
});

test('of two documents with one id the later counts, and so of two sources', async () => {
  const { upsert, contents } = setUpIndex();
  assert.deepEqual(await upsert(file('a.md', 'one'), file('b.jsonl', 'x: one\nx: two'), file('a.md', 'three')), { ...nothing, added: 2, passages: 2, embedded: 2 });
  assert.deepEqual(await contents(), { 'a.md': ['three'], 'b.jsonl#x': ['two'] });
  assert.equal((await upsert(file('b.jsonl', 'x: one\nx: two'))).unchanged, 1);
});

test('ids that a store would not give back are refused', async () => {
  const { upsert } = setUpIndex();
  const { added, failed } = await upsert(...['', 'a\0', '\ud83d', 'b\n😀'].map((id) => file(id, 'one')), file('c.jsonl', 'x\0: one'));
  assert.deepEqual([added, failed.map(({ file: id, kind }) => [id, kind])], [1, ['', 'a\0', '\ud83d', 'c.jsonl'].map((id) => [id, 'invalid_request'])]);
});

test('a run that breaks off in the middle of a source is made good by the next', async () => {
  const { store, upsert, contents } = setUpIndex();
  const source = file('a.jsonl', 'x: one\ny: two\nz: three');
  store.failures.set('put a.jsonl#y', new LlmError('unavailable', 'It is not there.'));
  await assert.rejects(upsert(source), { kind: 'unavailable' });
  assert.deepEqual(Object.keys(await contents()), ['a.jsonl#x']);
  store.failures.clear();
  assert.deepEqual(await upsert(source), { ...nothing, added: 2, updated: 1, passages: 3, embedded: 2 });
  assert.deepEqual(await upsert(source), { ...nothing, unchanged: 3 });
});

test('without an embedder nothing is embedded, and with one that comes later everything is', async () => {
  const { store, upsert } = setUpIndex({ hasEmbedder: false });
  const source = file('a.md', 'one');
  assert.deepEqual(await upsert(source), { ...nothing, added: 1, passages: 1 });
  assert.deepEqual(await upsert(source), { ...nothing, unchanged: 1 });
  assert.deepEqual(await setUpIndex({ store }).upsert(source), { ...nothing, updated: 1, passages: 1, embedded: 1 });
  assert.deepEqual(await upsert(source), { ...nothing, unchanged: 1 });
});

test('another embedding model than the store’s fails at once, and says what to do', async () => {
  const { store, upsert, reads } = setUpIndex();
  await upsert(file('a.md', 'one'));
  await assert.rejects(setUpIndex({ store, model: 'n' }).upsert(file('a.md', 'one'), file('b.md', 'two')), { kind: 'misconfigured', message: /model m, and not of n/, hint: /clear the store/ });
  assert.deepEqual(reads, ['a.md']);
});

test('many small documents are embedded together, and many passages in portions', async () => {
  const { upsert, store, embedded } = setUpIndex();
  const lines = Array.from({ length: 600 }, (_, at) => `${at}: text ${at}`).join('\n');
  const result = await upsert(file('a.jsonl', lines), file('b.md', Array.from({ length: 600 }, (_, at) => `text ${at + 300}`).join('\n\n')));
  assert.deepEqual([result.added, result.passages, result.failed], [601, 1200, []]);
  assert.ok(store.calls.filter((call) => call === 'knownVectors').length <= 6);
  assert.equal(new Set(embedded).size, 900);
});

test('one bad document does not stop the others, and keeps what was stored of it', async () => {
  const { upsert, progress, contents } = setUpIndex({ concurrency: 1 });
  await upsert(file('b.md', 'old'));
  const gone = Object.assign(new Error('ENOENT: no such file, open \'/home/ann/secret.md\''), { code: 'ENOENT' });
  progress.length = 0;
  const result = await upsert(
    file('a.md', 'one'), file('b.md', unreadable), { id: 'c.md', content: () => Promise.reject(gone) }, file('d.md', 'x', { metadata: { size: 7n } }), file('e.md', `a ${notEmbeddable} text`),
    { id: 'f.md', content: () => { throw new Error('secret'); } }, file('g.md', 'two'),
  );
  assert.deepEqual({ ...result, failed: [] }, { ...nothing, added: 2, passages: 2, embedded: 2 });
  assert.deepEqual(result.failed, [
    { file: 'b.md', kind: 'invalid_request', reason: 'It is no document. Save it again.' },
    { file: 'c.md', kind: 'not_found', reason: 'The file is not there. It may have been moved meanwhile: index once more.' },
    { file: 'd.md', kind: 'invalid_request', reason: 'The document cannot be read (TypeError). Check that the file is whole and may be read.' },
    { file: 'e.md', kind: 'context_length', reason: 'A text is too long.' },
    { file: 'f.md', kind: 'invalid_request', reason: 'The document cannot be read (Error). Check that the file is whole and may be read.' },
  ]);
  assert.deepEqual(progress.map(({ done, total, file: name }) => `${done}/${total} ${name}`), ['1/7 a.md', '2/7 b.md', '3/7 c.md', '4/7 d.md', '5/7 e.md', '6/7 f.md', '7/7 g.md']);
  assert.deepEqual(await contents(), { 'a.md': ['one'], 'b.md': ['old'], 'g.md': ['two'] });
});

test('a document that the store refuses is reported too', async () => {
  const { store, upsert } = setUpIndex();
  store.failures.set('put a.md', new LlmError('invalid_request', 'Not this one.'));
  const { added, failed } = await upsert(file('a.md', 'one'), file('b.md', 'two'));
  assert.deepEqual([added, failed], [1, [{ file: 'a.md', kind: 'invalid_request', reason: 'Not this one.' }]]);
});

test('a store that fails ends the run with its failure, and no more is read', async () => {
  const failure = new LlmError('unavailable', 'It is not there.');
  for (const call of ['facts', 'get', 'list', 'knownVectors', 'put']) {
    const { store, upsert, reads, progress } = setUpIndex();
    store.failures.set(call, failure);
    await assert.rejects(upsert(...Array.from({ length: 20 }, (_, at) => file(`${at}.md`, `${at}`))), failure, call);
    assert.ok(reads.length <= 2 && progress.length === 0, call);
  }
});

test('an embedding model that cannot be reached ends the run too, one that breaks on a text does not', async () => {
  for (const [kind, ends] of [['unavailable', true], ['auth', true], ['circuit_open', true], ['rate_limit', true], ['server', false], ['timeout', false]] as const) {
    const failure = new LlmError(kind, 'No.');
    const run = setUpIndex({ embeddingFailure: failure }).upsert(file('a.md', 'one'));
    if (ends) await assert.rejects(run, failure);
    else assert.deepEqual((await run).failed, [{ file: 'a.md', kind, reason: 'No.' }]);
  }
});

test('what is cancelled ends between documents with its reason, and what is stored stays', async () => {
  const { indexer, contents } = setUpIndex({ concurrency: 1 });
  const gone = new LlmError('cancelled', 'Gone.');
  const controller = new AbortController();
  const run = indexer.upsert([file('a.md', 'one'), file('b.md', 'two'), file('c.md', 'three')], { signal: controller.signal, onProgress: ({ done }) => done === 2 && controller.abort(gone) });
  await assert.rejects(run, gone);
  assert.deepEqual(Object.keys(await contents()), ['a.md', 'b.md']);
  await assert.rejects(indexer.upsert([], { signal: AbortSignal.abort(gone) }), gone);
  await assert.rejects(indexer.remove(['a.md'], { signal: AbortSignal.abort(gone) }), gone);
});

test('a reader that is closed ends the run', async () => {
  const { upsert, progress } = setUpIndex({ concurrency: 1 });
  const closed = new LlmError('cancelled', 'It is closed.');
  await assert.rejects(upsert(file('a.md', 'one'), { id: 'b.md', content: () => Promise.reject(closed) }, file('c.md', 'three')), closed);
  assert.equal(progress.length, 1);
});
