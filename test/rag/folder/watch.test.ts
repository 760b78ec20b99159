/** With real folders: a batch is waited for, however long the system takes to tell. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { appendFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { type FolderChanges, watchFolder, type WatchOptions } from '../../../nodes/rag/folder/watch.ts';
import { type TestFolder, testFolder } from '../../support/folder.ts';

interface Watched extends TestFolder {
  /** The next batch. */
  next(): Promise<FolderChanges>;
}

async function start(t: TestContext, files: string[], options: Partial<WatchOptions> = {}): Promise<Watched> {
  const folder = testFolder(t, ...files);
  const batches = new EventEmitter();
  const waiting: FolderChanges[] = [];
  const onChanges = (changes: FolderChanges) => {
    waiting.push(changes);
    batches.emit('batch');
  };
  const watcher = await watchFolder(folder.path, { settleMs: 300, onChanges, onError: (error) => batches.emit('error', error), ...options });
  t.after(() => watcher.close());
  const next = async (): Promise<FolderChanges> => {
    while (waiting.length === 0) await once(batches, 'batch');
    return waiting.shift() as FolderChanges;
  };
  return { ...folder, next };
}

test('what is new, changed and removed comes in one batch; what is there already does not', async (t) => {
  const folder = await start(t, ['old.md', 'gone.md', 'same.md']);
  folder.write('new/deep/a.md', 'b.txt');
  appendFileSync(folder.at('old.md'), 'more');
  rmSync(folder.at('gone.md'));
  assert.deepEqual(await folder.next(), { changed: ['b.txt', 'new/deep/a.md', 'old.md'], removed: ['gone.md'] });
});

test('a renamed file is in one batch, removed and changed', async (t) => {
  const folder = await start(t, ['a.md', 'docs/x.md']);
  renameSync(folder.at('a.md'), folder.at('b.md'));
  assert.deepEqual(await folder.next(), { changed: ['b.md'], removed: ['a.md'] });
  renameSync(folder.at('docs'), folder.at('moved'));
  assert.deepEqual(await folder.next(), { changed: ['moved/x.md'], removed: ['docs/x.md'] });
});

test('a file that is replaced, as editors do, is changed', async (t) => {
  const folder = await start(t, ['a.md']);
  folder.write('.a.md.tmp');
  renameSync(folder.at('.a.md.tmp'), folder.at('a.md'));
  assert.deepEqual(await folder.next(), { changed: ['a.md'], removed: [] });
});

test('what is no document, hidden, ignored or a link makes no batch', async (t) => {
  const outside = testFolder(t, 'secret.md');
  const folder = await start(t, ['sub/a.md'], { ignore: ['drafts'] });
  symlinkSync(outside.path, folder.at('out'));
  symlinkSync('..', folder.at('sub/loop'));
  symlinkSync(outside.at('secret.md'), folder.at('link.md'));
  outside.write('secret.md', 'more.md');
  folder.write('x.png', '.hidden/a.md', 'drafts/a.md', 'last.md');
  assert.deepEqual(await folder.next(), { changed: ['last.md'], removed: [] });
});

test('pipes and sockets make no batch, whatever their names', { skip: process.platform === 'win32' && 'there are none' }, async (t) => {
  const folder = await start(t, ['a.md']);
  execFileSync('mkfifo', [folder.at('pipe.md')]);
  const server = createServer().listen(folder.at('socket.md'));
  t.after(() => server.close());
  folder.write('last.md');
  assert.deepEqual(await folder.next(), { changed: ['last.md'], removed: [] });
});

test('a file that never rests holds up the others for a while only', async (t) => {
  const folder = await start(t, ['log.txt'], { settleMs: 60_000, maxWaitMs: 500 });
  folder.write('a.md');
  writeFileSync(folder.at('log.txt'), 'line');
  assert.deepEqual(await folder.next(), { changed: ['a.md', 'log.txt'], removed: [] });
});

test('nothing comes after closing, and a folder that is not there is told', async (t) => {
  const folder = testFolder(t, 'a.md');
  const watcher = await watchFolder(folder.path, { settleMs: 0, onChanges: () => assert.fail('A batch came.'), onError: assert.fail });
  appendFileSync(folder.at('a.md'), 'more');
  await watcher.close();
  await assert.rejects(watchFolder(folder.at('none'), { onChanges: () => undefined, onError: assert.fail }), { kind: 'not_found' });
});
