/** The knowledge node in a flow: what its users share, what is wrong with it, and who gives its vectors. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { retrievalModes } from '../../../nodes/rag/retrieval/settings.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import type { FlowNode } from '../../support/flow.ts';
import { testFolder } from '../../support/folder.ts';
import { ask, type AskedMessage, failureAt, index, indexNodes, knowledgeNode, otter, pump, ragNodes, startEmbeddings, startKnowledge, titlesIn } from '../../support/knowledge.ts';

cleanEnvironment();

test('what one node of a place puts in, another of the same place finds, also after a restart', async (t) => {
  const userDir = testFolder(t).path;
  const nodes = [knowledgeNode, { id: 'again', type: 'llm-knowledge' }, ...indexNodes(), ...ragNodes({ knowledge: 'again' })];
  const flow = await startKnowledge(t, nodes, { userDir });
  await index(flow, { payload: [pump, otter] });
  assert.deepEqual(titlesIn(await ask(flow, { payload: 'How do I open the pump?' })), ['Pump']);
  await flow.deploy([...nodes, { id: 'new', type: 'helper', wires: [] }], 'full');
  assert.deepEqual(titlesIn(await ask(flow, { payload: 'How do otters sleep?' })), ['Otter']);
  assert.ok(existsSync(join(userDir, 'llm-knowledge/knowledge.sqlite')));
});

test('settings that cannot work are the failure of every message, once each', async (t) => {
  const bad: Array<[object, RegExp]> = [
    [{ collection: '../x' }, /^collection must begin with a small letter/],
    [{ store: 'redis' }, /^store must be one of/],
    [{ store: 'postgres', url: 'http://x' }, /^The address of the database is none/],
    [{ embedWith: 'openai' }, /^No account or server for embeddings is chosen\. Open the node/],
    [{ embedWith: 'somebody' }, /embedWith must be one of/],
  ];
  for (const [config, message] of bad) {
    await t.test(String(message), async (t) => {
      const flow = await startKnowledge(t, [{ ...knowledgeNode, ...config }, ...indexNodes(), ...ragNodes()]);
      flow.send('rag', { payload: 'What?' });
      flow.send('index', { payload: pump });
      for (const id of ['asked', 'indexed'] as const) {
        const failure = await failureAt(flow, id);
        assert.equal(failure.cause.kind, 'misconfigured');
        assert.match(failure.message, message);
        assert.deepEqual(await flow.rest(id), []);
      }
    });
  }
});

test('a node without knowledge says what to do, and works once there is some', async (t) => {
  const flow = await startKnowledge(t, [...indexNodes(), ...ragNodes()]);
  flow.send('rag', { payload: 'What?' });
  const { cause } = await failureAt(flow, 'asked');
  assert.deepEqual([cause.kind, cause.hint], ['misconfigured', 'It was deleted or disabled: open the node and choose another knowledge store.']);
  await flow.deploy([knowledgeNode, ...indexNodes(), ...ragNodes()]);
  await index(flow, { payload: pump });
  assert.deepEqual(titlesIn(await ask(flow, { payload: 'pump' })), ['Pump']);
  await flow.deploy([...indexNodes(), ...ragNodes()]);
  flow.send('rag', { payload: 'pump' });
  assert.equal((await failureAt(flow, 'asked')).cause.kind, 'misconfigured');
});

const kinds: Array<[kind: string, node: (url: string) => FlowNode]> = [
  ['openai', (url) => ({ id: 'vectors', type: 'llm-openai-account', baseUrl: `${url}/v1` })],
  ['llamacpp', (url) => ({ id: 'vectors', type: 'llm-llamacpp-server', url, healthIntervalMs: 0 })],
  ['vllm', (url) => ({ id: 'vectors', type: 'llm-vllm-server', url, healthIntervalMs: 0 })],
];

for (const [embedWith, account] of kinds) {
  test(`vectors come from ${embedWith}, with its key and its model, and each mode finds by them or by words`, async (t) => {
    const server = await startEmbeddings(t);
    const knowledge = { ...knowledgeNode, embedWith, [embedWith]: 'vectors', embeddingModel: 'm', passagePrefix: 'passage: ', questionPrefix: 'query: ' };
    for (const mode of retrievalModes) {
      await t.test(mode, async (t) => {
        const flow = await startKnowledge(t, [knowledge, account(server.url), ...indexNodes(), ...ragNodes({ mode, maxPassages: 1 })], { credentials: { vectors: { apiKey: 'sk-mine' } } });
        const { embedded, passages } = await index(flow, { payload: [pump, otter] });
        assert.deepEqual([embedded, passages], [2, 2]);
        assert.deepEqual(titlesIn(await ask(flow, { payload: pump.text })), ['Pump']);
      });
    }
    const texts = server.batches.flat();
    assert.equal(texts.filter((text) => text.startsWith('passage: ')).length, 6);
    assert.deepEqual(texts.filter((text) => text.startsWith('query: ')), Array.from({ length: 2 }, () => `query: ${pump.text}`), 'words need no vector');
    for (const { json, headers } of server.requests.filter(({ path }) => path.endsWith('/embeddings'))) assert.deepEqual([json['model'], headers.authorization], ['m', 'Bearer sk-mine']);
  });
}

const withVectors = (url: string, config: object = {}): FlowNode[] => [
  { ...knowledgeNode, embedWith: 'llamacpp', llamacpp: 'vectors', ...config },
  { id: 'vectors', type: 'llm-llamacpp-server', url, healthIntervalMs: 0 },
];

test('a busy model is asked again', async (t) => {
  const server = await startEmbeddings(t, (request) => (request === 1 ? 503 : undefined));
  const flow = await startKnowledge(t, [...withVectors(server.url), ...indexNodes()]);
  assert.deepEqual((await index(flow, { payload: pump })).failed, []);
  assert.equal(server.batches.length, 2);
});

test('a model that refuses a document fails that one, and one that is not there fails the run', async (t) => {
  const server = await startEmbeddings(t, (request) => (request === 1 ? 400 : request === 2 ? undefined : 401));
  const flow = await startKnowledge(t, [...withVectors(server.url), ...indexNodes()]);
  assert.deepEqual((await index(flow, { payload: pump })).failed.map(({ file, kind }) => [file, kind]), [['pump', 'invalid_request']]);
  assert.equal((await index(flow, { payload: pump })).added, 1);
  flow.send('index', { payload: otter });
  assert.equal((await failureAt(flow, 'indexed')).cause.kind, 'auth');
});

test('vectors of another model are refused before anything is embedded, and clearing the store lets them in', async (t) => {
  const server = await startEmbeddings(t);
  const nodes = (embeddingModel: string) => [...withVectors(server.url, { embeddingModel }), ...indexNodes(), ...ragNodes()];
  const flow = await startKnowledge(t, nodes('old'));
  await index(flow, { payload: pump });
  await flow.deploy(nodes('new'));
  const before = server.batches.length;
  flow.send('index', { payload: otter });
  const { cause, message } = await failureAt(flow, 'indexed');
  assert.equal(cause.kind, 'misconfigured');
  assert.match(message, /are of the model old, and not of new\. Choose that model again, or clear the store/);
  assert.equal(server.batches.length, before);
  flow.send('rag', { payload: 'pump' });
  assert.equal((await failureAt(flow, 'asked')).cause.kind, 'misconfigured');
  assert.equal((await index(flow, { operation: 'clear' })).removed, 1);
  assert.equal((await index(flow, { payload: otter })).added, 1);
});

test('an account without embeddings, or none, is said to be so', async (t) => {
  const anthropic = { id: 'vectors', type: 'llm-anthropic-account', baseUrl: 'http://127.0.0.1:1' };
  for (const [node, message] of [[anthropic, /must be of the type llm-openai-account, and the one it uses is of the type llm-anthropic-account\./], [undefined, /account for embeddings that the node uses is not there\./]] as const) {
    await t.test(String(message), async (t) => {
      const flow = await startKnowledge(t, [{ ...knowledgeNode, embedWith: 'openai', openai: 'vectors' }, ...(node ? [node] : []), ...indexNodes()], { credentials: { vectors: { apiKey: 'sk' } } });
      flow.send('index', { payload: pump });
      const failure = await failureAt(flow, 'indexed');
      assert.equal(failure.cause.kind, 'misconfigured');
      assert.match(failure.message, message);
    });
  }
});

test('a deploy lets a question end before the store closes', async (t) => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<undefined>();
  const server = await startEmbeddings(t, (request) => {
    if (request !== 2) return undefined;
    begun.resolve();
    return goOn.promise;
  });
  const nodes = [...withVectors(server.url), ...indexNodes(), ...ragNodes()];
  const flow = await startKnowledge(t, nodes);
  await index(flow, { payload: pump });
  flow.send('rag', { payload: 'Which lever opens the pump?' });
  await begun.promise;
  let asked: object = {};
  flow.onDone('rag', (msg) => (asked = msg));
  const deployed = flow.deploy(withVectors(server.url, { name: 'other' }).concat(nodes.slice(2)), 'full');
  goOn.resolve(undefined);
  await deployed;
  assert.deepEqual(titlesIn(asked as AskedMessage), ['Pump']);
});
