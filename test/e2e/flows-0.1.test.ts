/** Flows as 0.1 has saved them: they load, and do what they did. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';

const folder = join(import.meta.dirname, '../fixtures/flows-0.1');
const files = readdirSync(folder);

function read(file: string): FlowNode[] {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as FlowNode[];
}

/** That nobody has chosen who may come in is all that is new to say. */
const said = /may ask, for nobody has chosen|may read the metrics, for nobody has chosen/;

describe('A flow that 0.1 has saved', () => {
  let nodeRed: TestNodeRed;

  before(async () => {
    nodeRed = await startNodeRed({ env: { OPENAI_API_KEY: 'sk-nobody', ANTHROPIC_API_KEY: 'sk-ant-nobody' } });
  });

  after(() => nodeRed?.stop());

  for (const file of files) {
    test(`${file} runs, without a complaint but for that nobody has chosen who may come in`, async () => {
      const from = nodeRed.log().length;
      const nodes = read(file);
      await nodeRed.deploy(nodes);
      const complaints = nodeRed.log().slice(from).split('\n').filter((line) => /\[(warn|error)\]/.test(line));
      assert.deepEqual(complaints.filter((line) => !said.test(line)), []);
      assert.equal(complaints.length, nodes.filter(({ type }) => type === 'llm-endpoint' || type === 'llm-monitor').length);
    });
  }

  test('has every type of the palette, with all its properties and with none', () => {
    const { 'node-red': palette } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { 'node-red': { nodes: object } };
    const configs = ['llm-openai-account', 'llm-anthropic-account', 'llm-llamacpp-server', 'llm-vllm-server'];
    for (const file of ['every property.json', 'as little as possible.json']) {
      const types = new Set(read(file).map(({ type }) => type));
      assert.deepEqual([...Object.keys(palette.nodes), ...configs].filter((type) => !types.has(type)), [], file);
    }
  });

  test('answers its clients as it did', async () => {
    for (const [file, path] of [['endpoint - a gateway in three nodes.json', '/gateway/v1'], ['welcome.json', '/v1']] as const) {
      await nodeRed.deploy(read(file));
      const response = await fetch(`${nodeRed.url}${path}/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello there' }] }) });
      const { choices } = (await response.json()) as { choices: Array<{ message: { content: string } }> };
      assert.equal(response.status, 200, file);
      assert.ok((choices[0]?.message.content.length ?? 0) > 0, file);
    }
    await nodeRed.deploy(read('monitor - metrics and alerts.json'));
    assert.equal((await fetch(`${nodeRed.url}/llm/metrics`)).status, 200);
  });
});
