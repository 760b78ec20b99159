import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DocumentReader } from '../../../nodes/rag/documents/reader.ts';
import { SetAside, setAsideIn } from '../../../nodes/rag/documents/set-aside.ts';
import { readReaderSettings } from '../../../nodes/rag/documents/settings.ts';
import { defaultSplitOptions } from '../../../nodes/rag/passages/settings.ts';
import { reasonOf } from '../../support/documents.ts';
import { testFolder } from '../../support/folder.ts';

/** Takes a reader longer than it has. */
const slow = { bytes: '- a\n'.repeat(5e6), name: 'slow.md' };
const late = 'Reading it took longer than 500 ms. Divide the document, or raise the time limit. It is tried again when it has changed, or when a message asks for it.';

test('what is remembered is there after a restart, for its user alone; the oldest go first', async (t) => {
  const path = testFolder(t).at('deep/ended.json');
  const first = new SetAside(path);
  assert.equal(await first.reasonOf(() => assert.fail('Nothing is hashed where nothing is remembered.')), undefined);
  await Promise.all(Array.from({ length: 1_002 }, (_, at) => first.add(`h${at}`, `reason ${at}`)));
  await first.remove('h7');
  const second = new SetAside(path);
  const reasons = await Promise.all(['h0', 'h1', 'h2', 'h7', 'h1001'].map((hash) => second.reasonOf(() => hash)));
  assert.deepEqual(reasons, [undefined, undefined, 'reason 2', undefined, 'reason 1001']);
  if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o077, 0);
  assert.equal(existsSync(`${path}.new`), false);
  assert.equal(setAsideIn(path), setAsideIn(path));
});

test('a file that is damaged is as good as none, and one that cannot be written is said to be so', async (t) => {
  const folder = testFolder(t);
  for (const text of ['', '{', '[]', '{"ended":[1]}', '{"ended":{"a":1}}']) {
    writeFileSync(folder.at('bad.json'), text);
    assert.equal(await new SetAside(folder.at('bad.json')).reasonOf(() => 'a'), undefined, text);
  }
  assert.equal(await new SetAside(folder.at('bad.json')).add('a', 'r'), true);
  assert.match(readFileSync(folder.at('bad.json'), 'utf8'), /"a": "r"/);
  mkdirSync(folder.at('taken'));
  const nowhere = new SetAside(folder.at('taken'));
  assert.equal(await nowhere.add('a', 'r'), false);
  assert.equal(await nowhere.reasonOf(() => 'a'), 'r');
});

test('a document that has ended a reader is not tried again by itself, also by the next reader: until somebody asks, it changes, or it may take longer', async (t) => {
  const path = testFolder(t).at('ended.json');
  const start = (timeoutMs = 500) => {
    const reader = new DocumentReader(readReaderSettings({ timeoutMs }), { setAside: new SetAside(path) });
    t.after(() => reader.close());
    return reader;
  };
  assert.equal(await reasonOf(start().read(slow, defaultSplitOptions)), late);
  // Other words tell what is remembered from what has been tried.
  writeFileSync(path, readFileSync(path, 'utf8').replace(late, 'Remembered.'));

  const next = start();
  for (const name of ['slow.md', 'renamed.md']) assert.equal(await reasonOf(next.read({ ...slow, name }, defaultSplitOptions)), 'Remembered.');
  assert.equal(await reasonOf(start(700).read(slow, defaultSplitOptions)), late.replace('500 ms', '700 ms'), 'it may take longer');
  assert.equal((await start(60_000).read({ ...slow, bytes: '- a' }, defaultSplitOptions)).length, 1, 'it has changed');
  assert.equal(await reasonOf(next.read(slow, defaultSplitOptions, { again: true })), late, 'somebody asks');
});
