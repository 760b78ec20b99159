import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'examples');
const examples = readdirSync(folder).filter((file) => file.endsWith('.json'));

interface Answer {
  status: number;
  headers: Headers;
  choices?: Array<{ message: { content: string } }>;
  llm?: { citations?: Array<{ number: number; source: string }> };
  error?: { message: string; code: string };
}

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

  test('are each named in the documentation', () => {
    const docs = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md')).map((file) => readFileSync(join(root, 'docs', file), 'utf8'));
    const texts = [readFileSync(join(root, 'README.md'), 'utf8'), ...docs].join('\n');
    const unnamed = examples.map((file) => file.replace('.json', '')).filter((name) => !texts.includes(`*${name}*`) && !texts.includes(`examples/${name}.json`));
    assert.deepEqual(unnamed.filter((name) => name !== 'welcome'), []);
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

  /** What a client of an endpoint gets. */
  async function ask(path: string, body: object): Promise<Answer> {
    const response = await fetch(`${nodeRed.url}${path}/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return { status: response.status, headers: response.headers, ...((await response.json()) as Pick<Answer, 'choices' | 'error' | 'llm'>) };
  }

  /** Deploys an example, with one of its nodes changed. */
  async function deploy(file: string, id?: string, change?: object): Promise<void> {
    await nodeRed.deploy(readExample(file).map((node) => (node.id === id ? { ...node, ...change } : node)));
  }

  test('name no port: it is that of the editor they are read in', () => {
    for (const file of examples) {
      for (const { type, name, info } of readExample(file)) if (type === 'comment') assert.doesNotMatch(`${String(name)} ${String(info)}`, /:\d{4}\/|127\.0\.0\.1/, file);
    }
  });

  test('fit a window of 1280 pixels in their height, and the welcome flow beside both sidebars', () => {
    for (const file of examples) for (const { x, y } of readExample(file)) assert.ok(Number(x ?? 0) <= (file === 'welcome.json' ? 680 : 1110) && Number(y ?? 0) <= 700, file);
  });

  const messages = [{ role: 'user', content: 'Hello there' }];

  test('the welcome flow answers in the shell without a key and a network', async () => {
    await deploy('welcome.json');
    const { status, headers, choices } = await ask('/v1', { messages });
    assert.equal(status, 200);
    assert.match(choices?.[0]?.message.content ?? '', /^No passages .*: Hello there$/);
    assert.equal(headers.get('x-llm-backend'), 'first echo');
    const bad = await ask('/v1', {});
    assert.equal(bad.status, 400);
    assert.match(bad.error?.message ?? '', /messages must be a list/);
  });

  test('the welcome flow goes on with the second echo, as its comment says', async () => {
    await deploy('welcome.json', 'welcome-first', { faultKind: 'overloaded' });
    const { status, headers } = await ask('/v1', { messages });
    assert.deepEqual([status, headers.get('x-llm-backend'), headers.get('x-llm-attempts')], [200, 'second echo', '2']);
  });

  test('the welcome flow answers about the palette from its own documentation', async () => {
    const statuses = await nodeRed.statuses();
    await deploy('welcome.json');
    await statuses.until('welcome-index', ({ fill, text }) => fill === 'green' && text?.endsWith(' docs') === true, 20_000);
    statuses.close();
    const answers = { 'How does a pool choose a member?': /strategy chooses the member/, 'What happens when a branch of a fallback fails after the first token?': /a fallback may also continue the text or start over/, 'What does the breaker do?': /keeps requests away from a server that is down/, 'Can I use Ollama?': /Ollama/ };
    for (const [content, expected] of Object.entries(answers)) {
      const { choices, llm } = await ask('/v1', { messages: [{ role: 'user', content }] });
      const answer = choices?.[0]?.message.content ?? '';
      assert.match(answer, expected);
      assert.doesNotMatch(answer, /\| |^#|\]\(/m, 'no raw Markdown');
      assert.ok(answer.length < 1000 && (llm?.citations?.length ?? 0) > 0, answer);
    }
  });

  /** Presses the button of an inject node. */
  async function press(button: string): Promise<void> {
    assert.equal((await fetch(`${nodeRed.url}/inject/${button}`, { method: 'POST' })).status, 200);
  }

  /** Deploys an example that asks this Node-RED itself, and whose debug nodes write into the log. */
  async function deployTalking(file: string): Promise<void> {
    const nodes = readExample(file).map((node) => (node.type === 'debug' ? { ...node, active: true, console: true } : node));
    await nodeRed.deploy(JSON.parse(JSON.stringify(nodes).replaceAll('\\"1880\\"', `\\"${new URL(nodeRed.url).port}\\"`)) as FlowNode[]);
  }

  test('the folder of documents is read, and what it does not hold leaves by the second port', async () => {
    await deployTalking('rag - answer from a folder of documents.json');
    await press('folder-read');
    await nodeRed.waitForLog(/debug:result[^]*added: \d\d/, 20_000);
    await press('folder-ask');
    await nodeRed.waitForLog(/debug:answer[^]*source: 'llm-fallback.md'/);
    await press('folder-other');
    await nodeRed.waitForLog(/debug:no evidence\] How do penguins/);
  });

  test('documents by message are found by the filter of the message, until one is taken out', async () => {
    await deployTalking('rag - documents by message.json');
    await press('bymsg-put');
    await nodeRed.waitForLog(/added: 3/);
    await press('bymsg-oven');
    await nodeRed.waitForLog(/debug:answer[^]*\[1\] Oven\\n(?![^]*Hydraulic)/);
    await press('bymsg-out');
    await nodeRed.waitForLog(/removed: 1/);
  });

  test('what a search of one’s own finds is cited', async () => {
    await deployTalking('custom stage - your own search by http request.json');
    await press('search-ask');
    await nodeRed.waitForLog(/debug:answer[^]*citations: \[[^]*page: 7[^]*example\.com\/warranty/);
  });

  test('a bounded stage answers what fits and sheds the rest', async () => {
    const statuses = await nodeRed.statuses();
    await deploy('custom stage - a bounded stage.json');
    await press('bounded-ask');
    await statuses.until('bounded-count', ({ text }) => text === 'answered: 7, shed: 13', 20_000);
    statuses.close();
  });

  test('the gateway in three nodes answers, and goes on where the first model fails', async () => {
    const file = 'endpoint - a gateway in three nodes.json';
    await deploy(file);
    assert.equal((await ask('/gateway/v1', { messages })).headers.get('x-llm-backend'), 'local model');
    await deploy(file, 'three-local', { faultKind: 'overloaded' });
    const { headers, choices } = await ask('/gateway/v1', { messages });
    assert.deepEqual([headers.get('x-llm-backend'), headers.get('x-llm-attempts'), choices?.[0]?.message.content], ['cloud model', '2', 'Hello there']);
  });

  test('the endpoint with models routes by them, and knows no others', async () => {
    await deploy('endpoint - route by model.json');
    const backendOf = async (model?: string) => (await ask('/models/v1', { model, messages })).headers.get('x-llm-backend');
    assert.deepEqual([await backendOf('fast'), await backendOf('smart'), await backendOf()], ['small and quick', 'large and slow', 'small and quick']);
    const { status, error } = await ask('/models/v1', { model: 'gpt-4o', messages });
    assert.deepEqual([status, error?.code], [404, 'not_found']);
    const list = (await (await fetch(`${nodeRed.url}/models/v1/models`)).json()) as { data: Array<{ id: string }> };
    assert.deepEqual(list.data.map(({ id }) => id), ['fast', 'smart']);
  });
});
