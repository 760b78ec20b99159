import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'examples');
const examples = readdirSync(folder).filter((file) => file.endsWith('.json'));

function readExample(file: string): FlowNode[] {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as FlowNode[];
}

describe('The examples', () => {
  let nodeRed: TestNodeRed;

  before(async () => {
    nodeRed = await startNodeRed({ env: { OPENAI_API_KEY: 'sk-nobody', ANTHROPIC_API_KEY: 'sk-ant-nobody' } });
  });

  after(() => nodeRed?.stop());

  for (const file of examples) {
    test(`${file} has a comment that says what to look at, and runs without a complaint`, async () => {
      const nodes = readExample(file);
      assert.ok(nodes.some(({ type, name }) => type === 'comment' && name));
      const from = nodeRed.log().length;
      await nodeRed.deploy(nodes);
      assert.doesNotMatch(nodeRed.log().slice(from), /\[(warn|error)\]/);
    });
  }

  test('show every node type of the palette', () => {
    const { 'node-red': palette } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { 'node-red': { nodes: Record<string, string> } };
    const shown = new Set(examples.flatMap(readExample).map(({ type }) => type));
    assert.deepEqual(Object.keys(palette.nodes).filter((type) => !shown.has(type)), []);
  });

  test('every wire ends at a node of the same example, and no id stands in two', () => {
    const all = examples.flatMap((file) => readExample(file).map(({ id }) => id));
    assert.equal(new Set(all).size, all.length);
    for (const file of examples) {
      const nodes = readExample(file);
      const ids = new Set(nodes.map(({ id }) => id));
      for (const { wires } of nodes) for (const target of ((wires ?? []) as string[][]).flat()) assert.ok(ids.has(target), `${file}: ${target}`);
    }
  });

  test('the welcome flow answers in the shell without a key and a network', async () => {
    await nodeRed.deploy(readExample('welcome.json'));
    const body = JSON.stringify({ prompt: 'Hello there' });
    const response = await fetch(`${nodeRed.url}/chat`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), 'Hello there');
    const bad = await fetch(`${nodeRed.url}/chat`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    assert.equal(bad.status, 502);
    assert.match(await bad.text(), /not a prompt/);
  });
});
