/** The file of an embedded store: what it does with files that it did not expect, and who else it shares one with. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { EmbeddedStore } from '../../../../nodes/rag/store/embedded/embedded-store.ts';
import type { Language } from '../../../../nodes/rag/text/languages.ts';
import { document, failureOf, passage } from '../places.ts';

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'knowledge-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function open(t: TestContext, path: string, language?: Language): EmbeddedStore {
  const store = new EmbeddedStore({ path, language });
  t.after(() => store.close());
  return store;
}

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

test('a file that is no database is refused and left as it is', async (t) => {
  const path = join(await newFolder(t), 'notes.txt');
  const text = 'These are my notes. '.repeat(200);
  await writeFile(path, text);
  const store = open(t, path);
  for (const { kind, message, hint } of await Promise.all([store.facts(), store.put(document('a'), []), store.searchWords('x', { limit: 1 })].map(failureOf))) {
    assert.deepEqual([kind, message], ['misconfigured', `The knowledge store ${path} is no database. ${hint}`]);
  }
  assert.equal(await readFile(path, 'utf8'), text);
});

test('a database of something else is refused and left as it is', async (t) => {
  const path = join(await newFolder(t), 'other.db');
  change(path, 'create table documents (x); insert into documents values (1);');
  const before = await readFile(path);
  const { kind, hint } = await failureOf(open(t, path).facts());
  assert.deepEqual([kind, hint], ['misconfigured', 'Choose another file for the knowledge store.']);
  assert.deepEqual(await readFile(path), before);
});

test('a store of a newer version is refused', async (t) => {
  const path = join(await newFolder(t), 'store.db');
  const first = open(t, path);
  await first.put(document('a'), [passage('whale')]);
  await first.close();
  change(path, 'pragma user_version = 99');
  const { kind, hint } = await failureOf(open(t, path).facts());
  assert.deepEqual([kind, hint], ['misconfigured', 'Update the palette, or choose another file for the knowledge store.']);
});

test('a path that cannot be is told, and once it can be the store works', async (t) => {
  const folder = await newFolder(t);
  await writeFile(join(folder, 'file'), '');
  const below = await failureOf(open(t, join(folder, 'file', 'store.db')).facts());
  assert.deepEqual([below.kind, below.hint], ['unavailable', 'Look at the path, and let the user that runs Node-RED read and write there.']);
  const path = join(folder, 'store.db');
  await mkdir(path);
  const store = open(t, path);
  assert.equal((await failureOf(store.facts())).kind, 'unavailable');
  await rm(path, { recursive: true });
  assert.equal((await store.facts()).documents, 0);
});

test('a file that may only be read is told', { skip: process.getuid?.() === 0 && 'root may write everything' }, async (t) => {
  const path = join(await newFolder(t), 'store.db');
  await new EmbeddedStore({ path }).close();
  await chmod(path, 0o400);
  assert.equal((await failureOf(open(t, path).put(document('a'), []))).kind, 'unavailable');
});

const modes = { skip: process.platform === 'win32' && 'Windows has no such rights' };

test('a store’s files are their user’s alone, and so is a folder that is made for them', modes, async (t) => {
  const path = join(await newFolder(t), 'stores', 'store.db');
  const store = open(t, path);
  await store.put(document('a'), [passage('whale')]);
  assert.deepEqual(await modesOf(join(path, '..'), path, `${path}-wal`, `${path}-shm`), ['700', '600', '600', '600']);
});

test('a store that an earlier version left open to everybody is closed; a file of something else stays as it is', modes, async (t) => {
  const folder = await newFolder(t);
  const [path, other] = [join(folder, 'store.db'), join(folder, 'other.db')];
  await new EmbeddedStore({ path }).facts();
  change(other, 'create table documents (x);');
  for (const file of [path, other]) await chmod(file, 0o644);
  await open(t, path).put(document('a'), [passage('whale')]);
  await failureOf(open(t, other).facts());
  assert.deepEqual(await modesOf(path, `${path}-wal`, `${path}-shm`, other), ['600', '600', '600', '644']);
});

async function modesOf(...paths: string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => stat(path)));
  return found.map(({ mode }) => (mode & 0o777).toString(8));
}

test('a damaged file is told', async (t) => {
  const path = join(await newFolder(t), 'store.db');
  const first = open(t, path);
  for (let number = 0; number < 50; number++) await first.put(document(`d${number}`), [passage(`whale ${number} `.repeat(50))]);
  await first.close();
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0xff, 4096));
  const { kind, message } = await failureOf(open(t, path).searchWords('whale', { limit: 5 }));
  assert.deepEqual([kind, message.includes('is damaged')], ['server', true]);
});

test('in another language the texts that are there are found by its rules', async (t) => {
  const path = join(await newFolder(t), 'store.db');
  const found = async (language: Language, question: string) => {
    const store = open(t, path, language);
    const hits = await store.searchWords(question, { limit: 9 });
    await store.close();
    return hits.map(({ document: { id } }) => id);
  };
  const first = open(t, path);
  await first.put(document('a', { title: 'Größe' }), [passage('Viele Häuser', { headings: ['Straßen'] })]);
  await first.close();
  assert.deepEqual(await found('en', 'Haus'), []);
  for (const question of ['Haus', 'großes', 'Strasse']) assert.deepEqual(await found('de', question), ['a']);
  assert.deepEqual(await found('none', 'Haus'), []);
});

test('what one of two on the same file puts, the other one’s vectors know', async (t) => {
  const path = join(await newFolder(t), 'store.db');
  const [one, other] = [open(t, path), open(t, path)];
  const put = (store: EmbeddedStore, id: string) => store.put(document(id), [passage(id)], { model: 'm', vectors: [new Float32Array([1, 0])] });
  const count = async (store: EmbeddedStore) => (await store.searchVectors({ model: 'm', vector: new Float32Array([1, 0]) }, { limit: 9 })).length;
  await put(one, 'a');
  assert.deepEqual([await count(one), await count(other)], [1, 1]);
  await put(other, 'b');
  await put(one, 'c');
  assert.deepEqual([await count(one), await count(other)], [3, 3]);
  await one.remove('b');
  assert.deepEqual([await count(one), await count(other)], [2, 2]);
  await other.clear();
  assert.deepEqual([await count(one), await count(other)], [0, 0]);
});

test('nothing of it is to be read in the log', async (t) => {
  const path = join(await newFolder(t), 'store.db');
  const file = new URL('../../../../nodes/rag/store/embedded/embedded-store.ts', import.meta.url);
  const script = join(path, '..', 'script.mjs');
  await writeFile(script, `import { EmbeddedStore } from '${file.href}'; const store = new EmbeddedStore({ path: ${JSON.stringify(path)} }); console.log((await store.facts()).documents); await store.close();`);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script]);
  assert.deepEqual([stdout, stderr], ['0\n', '']);
});
