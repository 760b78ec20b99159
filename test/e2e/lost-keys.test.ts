/** Keys that are gone: an endpoint that had some, or may have had some, is closed and says so. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';

const at = { z: 'tab', x: 100, y: 100 };
const echo = { id: 'echo', type: 'llm-echo', ...at, tokensPerSecond: 0, wires: [[]] };
const endpoint = { type: 'llm-endpoint', ...at, wires: [['echo']] };

/** As 0.1 has saved them, but for the keys, which stand elsewhere. */
const flows: FlowNode[] = [
  { id: 'tab', type: 'tab', label: 'Lost keys' },
  { ...endpoint, id: 'guarded' },
  { ...endpoint, id: 'open', path: '/open' },
  { id: 'monitor', type: 'llm-monitor', ...at, summarySeconds: 0, wires: [[], []] },
  echo,
];
const secrets: Record<string, object> = { guarded: { keys: 'laptop: sk-laptop' }, monitor: { token: 'sk-metrics' } };
const withKeys = flows.map((node) => ({ ...node, ...(secrets[node.id] && { credentials: secrets[node.id] }) }));

function asker(nodeRed: () => TestNodeRed) {
  const ask = (path: string, key?: string) =>
    fetch(nodeRed().url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }] }),
    });
  const look = (key?: string) => fetch(`${nodeRed().url}/llm/metrics`, { headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }) } });
  /** Of the guarded endpoint, the open one, and the metrics; with the key or token where one is given. */
  const statuses = async (key?: string, token?: string) => {
    const responses = await Promise.all([ask('/v1/chat/completions', key), ask('/open/chat/completions'), look(token)]);
    await Promise.all(responses.map((response) => response.text()));
    return responses.map(({ status }) => status);
  };
  return { ask, statuses };
}

describe('A flow of 0.1 whose credentials are deleted', () => {
  let nodeRed: TestNodeRed;
  const { ask, statuses } = asker(() => nodeRed);

  before(async () => {
    nodeRed = await startNodeRed({ flows: withKeys });
  });

  after(() => nodeRed?.stop());

  async function statusOf(id: string, colour: string): Promise<string | undefined> {
    const statuses = await nodeRed.statuses();
    try {
      return (await statuses.until(id, ({ fill }) => fill === colour)).text;
    } finally {
      statuses.close();
    }
  }

  test('asked for its keys and token until then, and told of the endpoint that has none', async () => {
    assert.deepEqual(await statuses(), [401, 200, 401]);
    assert.deepEqual(await statuses('sk-laptop', 'sk-metrics'), [200, 200, 200]);
    assert.equal(await statusOf('open', 'yellow'), 'llm.status.everybody');
    assert.match(nodeRed.log(), /\[warn\] .*Everybody who reaches \/open may ask/);
    assert.doesNotMatch(nodeRed.log(), /Everybody who reaches \/v1/);
  });

  test('is closed where it had keys, in the format of each client, and open where it had none', async () => {
    await rm(join(nodeRed.userDir, 'flows_cred.json'));
    await nodeRed.restart();
    for (const key of [undefined, 'sk-laptop']) assert.deepEqual(await statuses(key, key), [503, 200, 503]);
    const openAi = (await (await ask('/v1/chat/completions')).json()) as { error: { message: string; code: string } };
    assert.match(openAi.error.message, /asks for a key, and it has none/);
    const anthropic = (await (await ask('/v1/messages')).json()) as { type: string; error: { message: string } };
    assert.deepEqual([anthropic.type, anthropic.error.message], ['error', openAi.error.message]);
    assert.equal((await fetch(`${nodeRed.url}/v1/models`)).status, 503);
    assert.match(nodeRed.log(), /\[error\] .*The endpoint at \/v1 answers nobody/);
    assert.match(nodeRed.log(), /\[error\] .*The monitor shows nobody the metrics at \/llm\/metrics/);
    assert.equal(await statusOf('guarded', 'red'), 'llm.status.noKeys');
  });

  test('stays closed however often it is deployed and started, until somebody chooses', async () => {
    await nodeRed.deploy(flows);
    assert.deepEqual(await statuses(), [503, 200, 503]);
    await nodeRed.restart();
    assert.deepEqual(await statuses(), [503, 200, 503]);
    await nodeRed.deploy(flows.map((node) => (node.id === 'guarded' ? { ...node, access: 'everybody' } : node)));
    assert.deepEqual(await statuses(), [200, 200, 503]);
  });
});

describe('A flow of 0.1 whose credentials cannot be read at the first start', () => {
  let nodeRed: TestNodeRed;
  const { statuses } = asker(() => nodeRed);

  before(async () => {
    nodeRed = await startNodeRed({ flows: withKeys });
    // As if no version that keeps a record had ever run.
    await rm(join(nodeRed.userDir, 'llm-access.json'));
    const file = join(nodeRed.userDir, 'flows_cred.json');
    const { $: encrypted } = JSON.parse(await readFile(file, 'utf8')) as { $: string };
    await writeFile(file, JSON.stringify({ $: `${'0'.repeat(32)}${encrypted.slice(32)}` }));
    await nodeRed.restart();
  });

  after(() => nodeRed?.stop());

  test('is closed wherever nobody has chosen: any of it may have had keys', async () => {
    assert.match(nodeRed.log(), /Failed to decrypt credentials/);
    assert.deepEqual(await statuses('sk-laptop', 'sk-metrics'), [503, 503, 503]);
  });

  test('is closed also when Node-RED has put the bad credentials away, and new endpoints are not', async () => {
    await nodeRed.deploy([...flows, { ...endpoint, id: 'new', path: '/new' }]);
    await nodeRed.restart();
    assert.doesNotMatch(nodeRed.log(), /Failed to decrypt credentials/);
    assert.deepEqual(await statuses(), [503, 503, 503]);
    const response = await fetch(`${nodeRed.url}/new/models`);
    assert.equal(response.status, 200);
  });
});

describe('An endpoint that asks for keys', () => {
  let nodeRed: TestNodeRed;
  const statusOf = async (path: string) => (await fetch(`${nodeRed.url}${path}/models`)).status;

  before(async () => {
    nodeRed = await startNodeRed({ flows: [...flows.slice(0, 1), echo] });
  });

  after(() => nodeRed?.stop());

  test('and is copied or imported without them is closed', async () => {
    const copy = { ...endpoint, id: 'copy', path: '/copy', access: 'keys' };
    await nodeRed.deploy([...flows.slice(0, 1), copy, echo]);
    assert.equal(await statusOf('/copy'), 503);
    await nodeRed.deploy([...flows.slice(0, 1), { ...copy, credentials: { keys: 'a: sk-a' } }, echo]);
    assert.equal(await statusOf('/copy'), 401);
  });

  for (const [what, keys] of [['a variable that is not set', '${LLM_TEST_NOT_SET}'], ['a variable that is not set, after a name', 'laptop: ${LLM_TEST_NOT_SET}'], ['what is no list of keys', 'sk-secret']]) {
    for (const access of [undefined, 'keys']) {
      test(`by ${what}, with access ${access}, is closed`, async () => {
        const broken = { ...endpoint, id: 'broken', path: '/broken', ...(access && { access }), credentials: { keys } };
        await nodeRed.deploy([...flows.slice(0, 1), broken, echo]);
        assert.equal(await statusOf('/broken'), 503);
        assert.doesNotMatch(nodeRed.log(), /sk-secret/);
        await nodeRed.deploy(flows.slice(0, 1));
      });
    }
  }

  test('by a choice that there is not is closed', async () => {
    await nodeRed.deploy([...flows.slice(0, 1), { ...endpoint, id: 'odd', path: '/odd', access: '${LLM_TEST_NOT_SET}' }, echo]);
    assert.notEqual(await statusOf('/odd'), 200);
    assert.match(nodeRed.log(), /LLM_TEST_NOT_SET, which access names, is not set/);
  });
});
