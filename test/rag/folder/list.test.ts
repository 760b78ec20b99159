import assert from 'node:assert/strict';
import { chmodSync, symlinkSync, utimesSync } from 'node:fs';
import { test } from 'node:test';
import { listFiles } from '../../../nodes/rag/folder/list.ts';
import { testFolder } from '../../support/folder.ts';

async function pathsIn(folder: string): Promise<string[]> {
  return (await listFiles(folder)).files.map(({ path }) => path);
}

test('the documents of a folder come in order, with their size and time', async (t) => {
  const folder = testFolder(t, 'b/c/d.md', 'a.md', 'Z.txt', 'b.md', 'x.png', '.hidden/a.md', 'node_modules/p/README.md');
  utimesSync(folder.at('a.md'), 5, 7);
  const { files, unreadable } = await listFiles(folder.path);
  assert.deepEqual([files.map(({ path }) => path), unreadable], [['Z.txt', 'a.md', 'b.md', 'b/c/d.md'], []]);
  assert.deepEqual(files[1], { path: 'a.md', bytes: 4, modifiedMs: 7000 });
});

test('links lead nowhere: not out of the folder, not in a circle', async (t) => {
  const outside = testFolder(t, 'secret.md');
  const folder = testFolder(t, 'docs/a.md');
  symlinkSync(outside.path, folder.at('docs/out'));
  symlinkSync(outside.at('secret.md'), folder.at('docs/secret.md'));
  symlinkSync('..', folder.at('docs/loop'));
  symlinkSync('self.md', folder.at('docs/self.md'));
  symlinkSync('docs', folder.at('named'));
  assert.deepEqual(await pathsIn(folder.path), ['docs/a.md']);
  // The folder that a person names may be a link itself.
  assert.deepEqual(await pathsIn(folder.at('named')), ['a.md']);
});

test('a folder that is not there, or is a file, is told', async (t) => {
  const folder = testFolder(t, 'a.md');
  await assert.rejects(listFiles(folder.at('none')), { kind: 'not_found', message: /^There is no folder/ });
  await assert.rejects(listFiles(folder.at('a.md')), { kind: 'misconfigured', message: /cannot be read/ });
});

test('a folder below that cannot be read is named, and the others are listed', { skip: process.getuid?.() === 0 && 'root reads everything' }, async (t) => {
  const folder = testFolder(t, 'a.md', 'closed/b.md');
  chmodSync(folder.at('closed'), 0);
  const { files, unreadable } = await listFiles(folder.path).finally(() => chmodSync(folder.at('closed'), 0o700));
  assert.deepEqual([files.map(({ path }) => path), unreadable], [['a.md'], ['closed']]);
});
