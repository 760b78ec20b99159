/** Knowledge in a real Node-RED: the palette's own documentation in a watched folder, asked by HTTP. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Citation } from '../../nodes/core/citations.ts';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';

const root = join(import.meta.dirname, '../..');
const documents = ['README.md', ...readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)];

const flowsFor = (folder: string): FlowNode[] => [
  { id: 'tab', type: 'tab', label: 'Knowledge' },
  { id: 'knowledge', type: 'llm-knowledge', collection: 'palette' },
  { id: 'index', type: 'llm-index', z: 'tab', x: 100, y: 100, knowledge: 'knowledge', folder, watch: true, wires: [['indexed'], []] },
  { id: 'indexed', type: 'debug', z: 'tab', x: 300, y: 100, active: true, console: true, tosidebar: false, complete: 'payload', targetType: 'msg', wires: [] },
  { id: 'endpoint', type: 'llm-endpoint', z: 'tab', x: 100, y: 200, path: '/docs/v1', wires: [['rag']] },
  { id: 'rag', type: 'llm-rag', z: 'tab', x: 300, y: 200, knowledge: 'knowledge', maxPassages: 3, minScore: 0.3, noEvidence: 'port', wires: [['echo'], ['sorry']] },
  { id: 'echo', type: 'llm-echo', z: 'tab', x: 500, y: 200, name: 'model', tokensPerSecond: 0, wires: [[]] },
  { id: 'sorry', type: 'llm-echo', z: 'tab', x: 500, y: 300, name: 'no evidence', tokensPerSecond: 0, wires: [[]] },
];

describe('The palette’s own documentation', () => {
  let folder: string;
  let nodeRed: TestNodeRed;

  before(async () => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), 'docs-'));
    for (const file of documents) cpSync(join(root, file), join(folder, file));
    nodeRed = await startNodeRed({ flows: flowsFor(folder) });
  });

  after(async () => {
    await nodeRed?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(content: string): Promise<{ backend: string; citations: Citation[] }> {
    const body = JSON.stringify({ messages: [{ role: 'user', content }] });
    const response = await fetch(`${nodeRed.url}/docs/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal(response.status, 200);
    const { llm } = (await response.json()) as { llm: { backend: string; citations?: Citation[] } };
    return { backend: llm.backend, citations: llm.citations ?? [] };
  }

  const sourcesFor = async (question: string) => (await ask(question)).citations.map(({ source }) => source);

  test('is read when the flow starts', async () => {
    await nodeRed.waitForLog(new RegExp(`added: ${documents.length},[^]*failed: \\[\\]`), 30_000);
  });

  for (const [question, source] of [
    ['What happens when a branch of a fallback fails after the first token?', 'docs/llm-fallback.md'],
    ['How do I keep a user on the same side of an A/B test?', 'docs/llm-router.md'],
    ['Which strategies does a pool have to choose a member?', 'docs/llm-pool.md'],
    ['What does the kind circuit_open mean?', 'docs/failures.md'],
    ['How do I give clients API keys for the endpoint?', 'docs/llm-endpoint.md'],
    ['Which properties does msg.completion have?', 'docs/messages.md'],
  ] as const) {
    test(`answers “${question}” from ${source}`, async () => {
      const sources = await sourcesFor(question);
      assert.ok(sources.includes(source), sources.join(', '));
    });
  }

  test('knows nothing of penguins', async () => {
    assert.deepEqual(await ask('How do penguins survive the Antarctic winter?'), { backend: 'no evidence', citations: [] });
  });

  test('is still there after a restart, which costs a look at the files', async () => {
    await nodeRed.restart();
    await nodeRed.waitForLog(new RegExp(`added: 0,\\s+updated: 0,\\s+unchanged: ${documents.length},\\s+removed: 0,\\s+passages: 0`), 30_000);
    assert.ok((await sourcesFor('Which strategies does a pool have to choose a member?')).includes('docs/llm-pool.md'));
  });

  test('is followed as it changes', async () => {
    appendFileSync(join(folder, 'docs/llm-pool.md'), '\n## Zebras\n\nZebras graze beside the pool in the savanna.\n');
    await nodeRed.waitForLog(/updated: 1,/, 15_000);
    assert.deepEqual((await ask('Where do zebras graze?')).citations[0]?.headings.at(-1), 'Zebras');
  });

  test('stands in no log', () => {
    for (const said of ['savanna', 'zebras graze']) assert.ok(!nodeRed.log().includes(said), said);
  });
});
