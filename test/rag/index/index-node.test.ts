/** The index node in a flow: what a message may bring, what it may ask for, and what comes out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { DocumentFacts } from '../../../nodes/rag/store/store.ts';
import { emptyResult, type IndexProgress, type IndexResult } from '../../../nodes/rag/indexing/source.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import type { Flow } from '../../support/flow.ts';
import { testFolder } from '../../support/folder.ts';
import { failureAt, index, indexNodes, knowledgeNode, otter, pump, startEmbeddings, startKnowledge, tap } from '../../support/knowledge.ts';

cleanEnvironment();

const start = (t: TestContext, config?: Record<string, unknown>) => startKnowledge(t, [knowledgeNode, ...indexNodes(config)]);

async function list(flow: Flow, msg: object = {}): Promise<DocumentFacts[]> {
  flow.send('index', { ...msg, operation: 'list' });
  return (await flow.next('indexed')).payload as DocumentFacts[];
}

const idsOf = async (flow: Flow, msg?: object) => (await list(flow, msg)).map(({ id }) => id);
const added = (count: number): IndexResult => ({ ...emptyResult(), added: count, passages: count });

test('a message may bring a text, the bytes of a file, a document, or many of these', async (t) => {
  const flow = await start(t);
  assert.deepEqual(await index(flow, { payload: 'Once upon a time', topic: 'tale' }), added(1));
  assert.deepEqual(await index(flow, { payload: Buffer.from('# Whales\n\nThey swim.'), filename: '/from/somewhere/whales.md' }), added(1));
  assert.deepEqual(await index(flow, { payload: pump }), added(1));
  assert.deepEqual(await index(flow, { payload: ['An own text', tap, { id: 7, text: Buffer.from('<h1>Seven</h1>'), name: 'seven.html', source: 'https://example.com/7' }] }), added(3));
  const documents = new Map((await list(flow)).map(({ id, title, source, metadata }) => [id, { title, source, metadata }]));
  const unnamed = [...documents.keys()].find((id) => id.startsWith('text-')) ?? '';
  assert.deepEqual([...documents.keys()].sort(), ['tale', '/from/somewhere/whales.md', 'pump', unnamed, 'tap', '7'].sort());
  assert.deepEqual(documents.get('/from/somewhere/whales.md'), { title: 'Whales', source: '/from/somewhere/whales.md', metadata: {} });
  assert.deepEqual(documents.get('pump'), { title: 'Pump', source: 'pump', metadata: pump.metadata });
  assert.deepEqual(documents.get('7'), { title: 'Seven', source: 'https://example.com/7', metadata: {} });
});

test('what is no document is one clear failure that says where', async (t) => {
  const flow = await start(t);
  for (const [msg, message] of [
    [{}, /nothing to index\. Send a text/],
    [{ payload: '' }, /nothing to index/],
    [{ payload: 7 }, /msg\.payload is no document/],
    [{ payload: ['a', { title: 'x' }] }, /msg\.payload\[1\] is no document/],
    [{ payload: { ...pump, metadata: [1] } }, /metadata of msg\.payload is no object/],
    [{ payload: '', filename: 'a.md' }, /no folder to read files from/],
    [{ operation: 'sync' }, /has no folder/],
    [{ operation: 'drop' }, /msg\.operation must be one of upsert, delete, clear, list, sync/],
    [{ operation: 'delete' }, /no ids of documents to delete/],
    [{ operation: 'delete', payload: ['a', {}] }, /no ids/],
    [{ operation: 'list', prefix: ['a/'] }, /msg\.prefix must be a text/],
    [{ operation: 'list', after: 7 }, /msg\.after must be a text/],
  ] as const) {
    flow.send('index', msg);
    const failure = await failureAt(flow, 'indexed');
    assert.equal(failure.cause.kind, /node has no folder/.test(failure.message) ? 'misconfigured' : 'invalid_request');
    assert.match(failure.message, message);
  }
  assert.deepEqual(await list(flow), []);
});

test('what has not changed costs nothing, what has is put in anew, and what is asked to go is gone', async (t) => {
  const server = await startEmbeddings(t);
  const knowledge = { ...knowledgeNode, embedWith: 'vllm', vllm: 'vectors' };
  const flow = await startKnowledge(t, [knowledge, { id: 'vectors', type: 'llm-vllm-server', url: server.url, healthIntervalMs: 0 }, ...indexNodes()]);
  await index(flow, { payload: [pump, tap, otter] });
  const asked = server.batches.length;
  assert.deepEqual(await index(flow, { payload: [pump, { ...tap, metadata: { year: 2027 } }] }), { ...emptyResult(), unchanged: 1, updated: 1, passages: 1 });
  assert.equal(server.batches.length, asked, 'the same words have the same vector');
  assert.deepEqual(await index(flow, { operation: 'delete', payload: ['pump', { id: 'tap' }, 'nobody'] }), { ...emptyResult(), removed: 2 });
  assert.deepEqual(await idsOf(flow), ['otter']);
  assert.deepEqual(await index(flow, { operation: 'delete', filename: 'otter' }), { ...emptyResult(), removed: 1 });
  await index(flow, { payload: [pump, tap] });
  assert.deepEqual(await index(flow, { operation: 'clear' }), { ...emptyResult(), removed: 2 });
});

test('a list goes on behind an id, and keeps to a prefix', async (t) => {
  const flow = await start(t);
  await index(flow, { payload: ['a/1', 'a/2', 'b/1'].map((id) => ({ id, text: id })) });
  assert.deepEqual(await idsOf(flow, { after: 'a/1' }), ['a/2', 'b/1']);
  assert.deepEqual(await idsOf(flow, { prefix: 'a/' }), ['a/1', 'a/2']);
});

test('a bad document is named, shown and warned of, and the others are in', async (t) => {
  const flow = await start(t);
  const warned: string[] = [];
  flow.node('index').warn = (text: string) => void warned.push(text);
  const result = await index(flow, { payload: [pump, { id: 'bad', text: '   ', name: 'bad.md' }, otter] });
  assert.deepEqual(result, { ...added(2), failed: [{ file: 'bad', reason: 'There is no text in it.', kind: 'invalid_request' }] });
  assert.deepEqual(warned, ['bad is not indexed: There is no text in it.']);
  await flow.status('index', '2 docs · 1 bad');
  assert.deepEqual(flow.statuses('index').at(-1), { fill: 'yellow', shape: 'dot', text: '2 docs · 1 bad' });
  const many = Array.from({ length: 14 }, (_, at) => ({ id: `bad ${at}`, text: ' ' }));
  await index(flow, { payload: many });
  assert.deepEqual([warned.length, warned.at(-1)], [12, '4 more documents are not indexed.']);
});

test('progress goes out now and then and at the end, without the documents', async (t) => {
  const flow = await start(t);
  const payload = Array.from({ length: 60 }, (_, at) => ({ id: `d${at}`, text: `Number ${at}` }));
  await index(flow, { payload, topic: 'mine' });
  const told = await flow.rest('progress');
  assert.ok(told.length >= 1 && told.length < 30, String(told.length));
  for (const { topic, payload } of told) {
    assert.equal(topic, 'mine');
    assert.deepEqual(Object.keys(payload as object).sort(), ['done', 'file', 'total']);
  }
  const { done, total } = (told.at(-1)?.payload ?? {}) as Partial<IndexProgress>;
  assert.deepEqual([done, total], [60, 60]);
  await flow.status('index', '60 docs');
  assert.deepEqual(flow.statuses('index').at(-1), { fill: 'green', shape: 'dot', text: '60 docs' });
});

test('a file of the folder is indexed by its name, and nothing outside of it', async (t) => {
  const folder = testFolder(t, 'docs/deep/a.md', 'secret.md');
  const flow = await start(t, { folder: folder.at('docs') });
  assert.deepEqual(await index(flow, { filename: 'deep/a.md' }), added(1));
  const same = [folder.at('docs/deep/a.md'), './deep/../deep/a.md'];
  for (const filename of same) assert.deepEqual(await index(flow, { filename }), { ...emptyResult(), unchanged: 1 }, filename);
  for (const filename of ['../secret.md', folder.at('secret.md')]) {
    const { failed } = await index(flow, { filename });
    assert.deepEqual(failed.map(({ kind }) => kind), ['invalid_request']);
    assert.match(failed[0]?.reason ?? '', /lies outside of/);
  }
  assert.deepEqual((await index(flow, { filename: 'deep/none.md' })).failed.map(({ kind }) => kind), ['not_found']);
  assert.deepEqual(await idsOf(flow), ['deep/a.md']);
});

test('a named pipe stalls nothing: a message that names it is told, and the others go on', { skip: process.platform === 'win32' && 'there are none' }, async (t) => {
  const folder = testFolder(t, 'a.md');
  execFileSync('mkfifo', [folder.at('pipe.md')]);
  const flow = await start(t, { folder: folder.path });
  assert.deepEqual((await index(flow, { filename: 'pipe.md' })).failed, [{ file: 'pipe.md', reason: 'It is no file.', kind: 'invalid_request' }]);
  assert.deepEqual(await index(flow, { operation: 'sync' }), added(1));
});

test('a folder that is not absolute counts from the user folder', async (t) => {
  const userDir = testFolder(t, 'docs/a.md').path;
  const flow = await startKnowledge(t, [knowledgeNode, ...indexNodes({ folder: 'docs' })], { userDir });
  assert.deepEqual(await index(flow, { operation: 'sync' }), added(1));
});

test('a file above the bound is refused by its name', async (t) => {
  const folder = testFolder(t);
  writeFileSync(folder.at('big.txt'), 'x'.repeat(1.1 * 2 ** 20));
  const flow = await start(t, { folder: folder.path, maxFileMb: 1 });
  assert.match((await index(flow, { operation: 'sync' })).failed[0]?.reason ?? '', /^The file is larger than 1 MB\. Divide it/);
});

test('settings that cannot work are the failure of every message', async (t) => {
  const flow = await start(t, { maxTokens: 'many' });
  flow.send('index', { payload: pump });
  const failure = await failureAt(flow, 'indexed');
  assert.deepEqual([failure.cause.kind, failure.cause.hint], ['misconfigured', 'Open the node and correct it.']);
  assert.deepEqual(flow.statuses('index').at(-1), { fill: 'red', shape: 'ring', text: 'llm.status.misconfigured' });
});

test('a node that closes ends its run at once, and the next run goes on where it was', async (t) => {
  const reached = Promise.withResolvers<void>();
  const server = await startEmbeddings(t, (request) => {
    if (request !== 3) return undefined;
    reached.resolve();
    return new Promise(() => undefined);
  });
  const nodes = (name: string) => [
    { ...knowledgeNode, name, embedWith: 'llamacpp', llamacpp: 'vectors' },
    { id: 'vectors', type: 'llm-llamacpp-server', url: server.url, healthIntervalMs: 0 },
    ...indexNodes({ name }),
  ];
  const flow = await startKnowledge(t, nodes('one'));
  const payload = Array.from({ length: 8 }, (_, at) => ({ id: `d${at}`, text: `Number ${at}` }));
  const failed = Promise.withResolvers<unknown>();
  flow.onDone('index', (_msg, error) => failed.resolve(error?.kind));
  flow.send('index', { payload });
  await reached.promise;
  const deployed = flow.deploy(nodes('two'), 'full');
  assert.equal(await failed.promise, 'cancelled');
  await deployed;
  const { unchanged, added: put, failed: bad } = await index(flow, { payload });
  assert.deepEqual([unchanged + put, bad], [8, []]);
  assert.ok(unchanged >= 1, 'what was in stays in');
});
