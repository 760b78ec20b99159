/** A folder that is watched. A batch of changes comes when nothing has happened for a second: it is waited for. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setAsideIn } from '../../../nodes/rag/documents/set-aside.ts';
import { emptyResult } from '../../../nodes/rag/indexing/source.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import type { Flow } from '../../support/flow.ts';
import { type TestFolder, testFolder } from '../../support/folder.ts';
import { ask, index, indexNodes, knowledgeNode, ragNodes, resultAt, startEmbeddings, startKnowledge, titlesIn } from '../../support/knowledge.ts';

cleanEnvironment();

const nodesFor = ({ path }: TestFolder, config: object = {}) => [knowledgeNode, ...indexNodes({ folder: path, watch: true, ...config }), ...ragNodes()];

async function idsOf(flow: Flow): Promise<string[]> {
  flow.send('index', { operation: 'list' });
  return ((await flow.next('indexed')).payload as Array<{ id: string }>).map(({ id }) => id);
}

test('a folder is in at the start, and follows what is added, changed, renamed and removed', async (t) => {
  const server = await startEmbeddings(t);
  const folder = testFolder(t, 'pump.md', 'deep/tap.md');
  writeFileSync(folder.at('pump.md'), '# Pump\n\nIt is red.');
  const knowledge = { ...knowledgeNode, embedWith: 'llamacpp', llamacpp: 'vectors' };
  const flow = await startKnowledge(t, [...nodesFor(folder).map((node) => (node.id === 'knowledge' ? knowledge : node)), { id: 'vectors', type: 'llm-llamacpp-server', url: server.url, healthIntervalMs: 0 }]);
  const started = await flow.next('indexed');
  assert.deepEqual([started.topic, started.payload], ['folder', { ...emptyResult(), added: 2, passages: 2, embedded: 2 }]);
  assert.deepEqual(titlesIn(await ask(flow, { payload: 'Is the pump red?' })).at(0), 'Pump');

  folder.write('new.txt', 'not.exe');
  writeFileSync(folder.at('pump.md'), '# Pump\n\nIt is blue.');
  renameSync(folder.at('deep/tap.md'), folder.at('tap.md'));
  assert.deepEqual(await resultAt(flow), { ...emptyResult(), added: 2, updated: 1, removed: 1, passages: 3, embedded: 2 }, 'a renamed file keeps its vectors');
  assert.deepEqual(await idsOf(flow), ['new.txt', 'pump.md', 'tap.md']);

  rmSync(folder.at('new.txt'));
  assert.deepEqual(await resultAt(flow), { ...emptyResult(), removed: 1 });
  await flow.status('index', '2 docs');
});

test('a restart with nothing changed costs a look at the files', async (t) => {
  const folder = testFolder(t, 'a.md', 'b.md');
  const flow = await startKnowledge(t, nodesFor(folder));
  assert.equal((await resultAt(flow)).added, 2);
  await flow.deploy(nodesFor(folder, { name: 'renamed' }), 'full');
  assert.deepEqual(await resultAt(flow), { ...emptyResult(), unchanged: 2 });
});

test('a document that ends its reader is one that fails: the others are in, and the next start does not try it again', async (t) => {
  const folder = testFolder(t, 'a.md', 'z.md');
  const userDir = testFolder(t).path;
  // Takes a reader much longer than it has.
  writeFileSync(folder.at('bomb.md'), '- a\n'.repeat(5e6));
  const flow = await startKnowledge(t, nodesFor(folder, { timeoutMs: 3_000 }), { userDir });
  const { failed: [failed], ...counts } = await resultAt(flow);
  assert.deepEqual(counts, { added: 2, updated: 0, unchanged: 0, removed: 0, passages: 2, embedded: 0 });
  assert.deepEqual([failed?.file, failed?.kind], ['bomb.md', 'invalid_request']);
  assert.match(failed?.reason ?? '', /^Reading it took longer than 3\.0 s\..* It is tried again when it has changed, or when a message asks for it\.$/);

  // Other words tell what is remembered from what has been tried.
  const path = join(userDir, 'llm-knowledge/ended-readers.json');
  const [hash = ''] = Object.keys((JSON.parse(readFileSync(path, 'utf8')) as { ended: object }).ended);
  await setAsideIn(path).add(hash, 'Remembered.');
  await flow.deploy(nodesFor(folder, { timeoutMs: 3_000, name: 'again' }), 'full');
  assert.deepEqual(await resultAt(flow), { ...emptyResult(), unchanged: 2, failed: [{ ...failed, reason: 'Remembered.' }] });
  assert.deepEqual((await index(flow, { operation: 'sync' })).failed, [failed], 'a message asks for it');
  writeFileSync(folder.at('bomb.md'), 'Harmless.');
  assert.deepEqual(await resultAt(flow), { ...emptyResult(), added: 1, passages: 1 });
});

test('a folder that goes as a whole takes nothing out of the store', async (t) => {
  const folder = testFolder(t, 'in/a.md', 'in/b.md');
  const flow = await startKnowledge(t, [...nodesFor({ ...folder, path: folder.at('in') })]);
  assert.equal((await resultAt(flow)).added, 2);
  rmSync(folder.at('in'), { recursive: true });
  const { error } = await flow.next('indexed');
  assert.match(error?.message ?? '', /There is no folder/);
  assert.deepEqual(await idsOf(flow), ['a.md', 'b.md']);
});

test('a folder that is not there is said to be so, and the node still takes documents', async (t) => {
  const flow = await startKnowledge(t, nodesFor({ ...testFolder(t), path: '/no/such/folder' }));
  await flow.status('index', 'llm.kind.not_found');
  assert.equal((await index(flow, { payload: 'A text' })).added, 1);
});

test('what is in a folder that cannot be read is not taken for removed', { skip: process.getuid?.() === 0 && 'root may read everything' }, async (t: TestContext) => {
  const folder = testFolder(t, 'a.md', 'closed/b.md');
  const flow = await startKnowledge(t, nodesFor(folder, { watch: false }));
  assert.equal((await index(flow, { operation: 'sync' })).added, 2);
  chmodSync(folder.at('closed'), 0);
  const { removed, failed } = await index(flow, { operation: 'sync' }).finally(() => chmodSync(folder.at('closed'), 0o700));
  assert.deepEqual([removed, failed.map(({ file }) => file)], [0, ['closed']]);
  assert.deepEqual(await idsOf(flow), ['a.md', 'closed/b.md']);
});
