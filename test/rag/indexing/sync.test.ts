/** A store in step with a folder, and what else is done to a store as a whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LlmError } from '../../../nodes/core/errors.ts';
import { file, nothing, setUpIndex, unreadable } from '../../support/indexing.ts';

test('what is new comes in, what has changed is replaced, and what is gone goes', async () => {
  const { sync, contents } = setUpIndex();
  await sync([file('a.md', 'one'), file('b.md', 'two'), file('c.jsonl', 'x: three\ny: four'), file('d.md', 'five')]);
  assert.deepEqual(await sync([file('a.md', 'one'), file('b.md', 'two!'), file('e.md', 'six')]), { ...nothing, added: 1, updated: 1, unchanged: 1, removed: 3, passages: 2, embedded: 2 });
  assert.deepEqual(await contents(), { 'a.md': ['one'], 'b.md': ['two!'], 'e.md': ['six'] });
});

test('a renamed file keeps its vectors', async () => {
  const { sync, contents } = setUpIndex();
  await sync([file('a.md', 'one\n\ntwo')]);
  assert.deepEqual(await sync([file('b.md', 'one\n\ntwo')]), { ...nothing, added: 1, removed: 1, passages: 2 });
  assert.deepEqual(await contents(), { 'b.md': ['one', 'two'] });
});

test('only what is under the prefix goes', async () => {
  const { upsert, sync, contents } = setUpIndex();
  await upsert(file('docs/a.md', 'one'), file('docs2/a.md', 'two'), file('note', 'three'));
  await sync([file('docs/b.md', 'four')], 'docs/');
  assert.deepEqual(Object.keys(await contents()), ['docs/b.md', 'docs2/a.md', 'note']);
  await sync([]);
  assert.deepEqual(await contents(), {});
});

test('a file that cannot be read now keeps what is stored of it', async () => {
  const { sync, contents } = setUpIndex();
  await sync([file('a.md', 'one'), file('b.jsonl', 'x: two')]);
  const { failed, removed } = await sync([file('a.md', unreadable), file('b.jsonl', unreadable)]);
  assert.deepEqual([failed.length, removed], [2, 0]);
  assert.deepEqual(await contents(), { 'a.md': ['one'], 'b.jsonl#x': ['two'] });
});

test('where the store fails nothing is removed', async () => {
  const { store, sync, contents } = setUpIndex();
  await sync([file('a.md', 'one')]);
  store.failures.set('put b.md', new LlmError('unavailable', 'It is not there.'));
  await assert.rejects(sync([file('b.md', 'two')]), { kind: 'unavailable' });
  assert.deepEqual(await contents(), { 'a.md': ['one'] });
});

test('thousands of documents that are gone go, page by page', async () => {
  const { sync, store } = setUpIndex({ hasEmbedder: false });
  await sync([file('a.jsonl', Array.from({ length: 2500 }, (_, at) => `${at}: x`).join('\n')), file('b.md', 'y')]);
  assert.equal((await sync([file('b.md', 'y')])).removed, 2500);
  assert.equal((await store.facts()).documents, 1);
});

test('documents are removed by their ids, and all of a source by its', async () => {
  const { upsert, remove, contents } = setUpIndex();
  await upsert(file('a.md', 'one'), file('b.jsonl', 'x: two\ny: three\nz: four'), file('b.jsonl#own', 'five'), file('c.md', 'six'));
  assert.deepEqual(await remove('a.md', 'b.jsonl#x', 'nobody'), { ...nothing, removed: 2 });
  assert.deepEqual(await remove('b.jsonl'), { ...nothing, removed: 2 });
  assert.deepEqual(Object.keys(await contents()), ['b.jsonl#own', 'c.md']);
});

test('all is cleared, and listed', async () => {
  const { upsert, indexer, contents } = setUpIndex();
  await upsert(file('a.md', 'one'), file('b.md', 'two'));
  assert.deepEqual((await indexer.list({ limit: 1, after: 'a.md' })).map(({ id }) => id), ['b.md']);
  assert.deepEqual(await indexer.clear(), { ...nothing, removed: 2 });
  assert.deepEqual(await contents(), {});
});

test('runs go one after another, and one that fails holds up none', async () => {
  const { store, upsert, sync, contents, reads } = setUpIndex();
  store.failures.set('put bad.md', new LlmError('unavailable', 'It is not there.'));
  const runs = [upsert(file('a.md', 'old')), upsert(file('bad.md', 'x')), sync([file('b.md', 'two')]), upsert(file('a.md', 'new'))];
  assert.deepEqual((await Promise.allSettled(runs)).map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  assert.deepEqual([await contents(), reads], [{ 'a.md': ['new'], 'b.md': ['two'] }, ['a.md', 'bad.md', 'b.md', 'a.md']]);
});

const texts = ['one', 'two', 'one\n\ntwo', 'two\n\none\n\nthree', 'x: one', 'x: one\ny: two', 'y: two\nz: three', '', unreadable];
const sources = fc.uniqueArray(fc.record({ id: fc.constantFrom('a.md', 'b.md', 'a.jsonl', 'a.jsonl#x.md', 'dir/c.md'), text: fc.constantFrom(...texts) }), { selector: ({ id }) => id });
const steps = fc.array(fc.record({ type: fc.constantFrom('sync', 'upsert', 'upsert', 'remove'), sources, broken: fc.option(fc.constantFrom('put', 'put a.jsonl#y', 'remove', 'knownVectors'), { freq: 4, nil: undefined }) }), { maxLength: 6 });

test('whatever has happened before, a run leaves what a fresh store would get, and the next one finds nothing to do', async () => {
  await fc.assert(
    fc.asyncProperty(steps, sources, async (sequence, last) => {
      const { store, indexer, options, sync, contents, embedded } = setUpIndex();
      for (const { type, sources: given, broken } of sequence) {
        if (broken !== undefined) store.failures.set(broken, new LlmError('unavailable', 'It is not there.'));
        const files = given.map(({ id, text }) => file(id, text));
        const run = type === 'sync' ? indexer.sync(files, options) : type === 'upsert' ? indexer.upsert(files, options) : indexer.remove(files.map(({ id }) => id), options);
        await run.catch(() => undefined);
        store.failures.clear();
      }
      const files = last.filter(({ text }) => text !== unreadable).map(({ id, text }) => file(id, text));
      await sync(files);
      const fresh = setUpIndex();
      await fresh.sync(files);
      assert.deepEqual(await contents(), await fresh.contents());
      embedded.length = 0;
      // An empty file of lines has no document to know it by.
      const again = await sync(files);
      assert.deepEqual({ ...again, unchanged: 0 }, nothing);
      assert.deepEqual(embedded, []);
    }),
    { numRuns: 300 },
  );
});
