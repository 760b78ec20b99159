/** Knowledge with real llama-servers: one gives the vectors, the other answers. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DocumentFacts } from '../../nodes/rag/store/store.ts';
import { leaseStore } from '../../nodes/rag/knowledge/shared-stores.ts';
import { cleanEnvironment } from '../support/environment.ts';
import type { FlowNode } from '../support/flow.ts';
import { testFolder } from '../support/folder.ts';
import { ask, index, indexNodes, knowledgeNode, otter, pump, ragNodes, startKnowledge, tap, titlesIn } from '../support/knowledge.ts';
import { findLlamaServer, type LlamaServer, startLlamaServer } from '../support/llama-server.ts';

cleanEnvironment();

const found = findLlamaServer();
const docs = join(import.meta.dirname, '../../docs');

describe('knowledge with real llama.cpp servers', { skip: typeof found === 'string' && found }, () => {
  assert.ok(typeof found !== 'string');
  let embedding: LlamaServer;
  let answering: LlamaServer;

  before(async () => {
    // A model of 512 tokens takes many of them for a word.
    const room = ['-b', '2048', '-ub', '2048'];
    [embedding, answering] = await Promise.all([startLlamaServer(found, '--embeddings', '--pooling', 'mean', '--parallel', '1', ...room), startLlamaServer(found, '--parallel', '1')]);
  });
  after(() => Promise.all([embedding?.kill(), answering?.kill()]));

  const nodesFor = (config: object): FlowNode[] => [
    { ...knowledgeNode, embedWith: 'llamacpp', llamacpp: 'vectors', embeddingModel: 'stories260K' },
    { id: 'vectors', type: 'llm-llamacpp-server', url: embedding.url, healthIntervalMs: 0 },
    { id: 'server', type: 'llm-llamacpp-server', url: answering.url, healthIntervalMs: 0 },
    ...indexNodes({ folder: docs, include: 'messages.md\nfailures.md', maxTokens: 100, overlapTokens: 10 }),
    ...ragNodes({ maxPassages: 2, maxTokens: 120, ...config }),
    { id: 'model', type: 'llm-llamacpp', server: 'server', api: 'completion', temperature: 0, maxTokens: 20, wires: [['answered']] },
    { id: 'answered', type: 'helper', wires: [] },
  ];

  for (const mode of ['vector', 'hybrid']) {
    it(`finds by ${mode}, keeps the vectors with their model, and the answer goes on from the passages`, async (t) => {
      const userDir = testFolder(t).path;
      const flow = await startKnowledge(t, nodesFor({ mode }), { userDir });
      const { embedded, failed } = await index(flow, { payload: [pump, tap, otter] });
      assert.deepEqual([embedded, failed], [3, []]);
      const asked = await ask(flow, { payload: otter.text });
      assert.equal(titlesIn(asked)[0], 'Otter', 'a text is nearest to itself');
      flow.send('model', asked);
      const { completion } = await flow.next('answered');
      assert.ok(completion && completion.usage.inputTokens > 50, 'the passages are in the prompt');
      assert.ok(Array.isArray(completion.citations));
      flow.send('index', { operation: 'list' });
      const documents = (await flow.next('indexed')).payload as DocumentFacts[];
      assert.deepEqual(documents.map((document) => document.embedded), [true, true, true]);
      await flow.stop();
      const lease = leaseStore({ kind: 'embedded', path: join(userDir, 'llm-knowledge/knowledge.sqlite'), language: 'en' });
      const { model } = await lease.store.facts();
      await lease.release();
      assert.deepEqual(model, { name: 'stories260K', dimensions: 64 });
    });
  }

  it('indexes real documents, and a second time asks the model nothing', async (t) => {
    const flow = await startKnowledge(t, nodesFor({ mode: 'hybrid' }));
    const first = await index(flow, { operation: 'sync' });
    assert.deepEqual([first.added, first.failed], [2, []]);
    assert.ok(first.embedded >= 10 && first.embedded <= first.passages);
    assert.deepEqual(await index(flow, { operation: 'sync' }), { ...first, added: 0, unchanged: 2, passages: 0, embedded: 0 });
    assert.ok(titlesIn(await ask(flow, { payload: 'Which properties of msg.completion tell the cost?' })).includes('Messages'));
  });
});
