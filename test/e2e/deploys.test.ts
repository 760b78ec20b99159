/** Deploys under load: clients with their own retries lose no answer that is shorter than the drain. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cleanEnvironment } from '../support/environment.ts';
import { backends, endpoint, type Gateway, hello, node, startGateway } from '../support/gateway.ts';
import type { FlowNode } from '../support/node-red.ts';
import { opened, ownPort } from '../support/port.ts';

cleanEnvironment();

const chat = '/v1/chat/completions';
const deployEveryMs = 2_000;
const prompt = 'one two three four five six seven eight nine ten';

/** A gateway over a fallback, a pool with a queue, and foreign nodes; each answer takes half a second. */
function flows({ providers }: Pick<Gateway, 'providers'>, version: number): FlowNode[] {
  const name = `v${version}`;
  const branch = (branchName: string) => ({ name: branchName, on: ['unavailable', 'overloaded'] });
  return [
    { id: 'tab', type: 'tab', label: 'Gateway' },
    ...backends(providers),
    endpoint('api', 'pass', { name }),
    { id: 'pass', type: 'function', z: 'tab', x: 1, y: 1, name, func: 'setTimeout(() => node.send(msg), 50);', outputs: 1, libs: [], wires: [['fallback']] },
    node('fallback', 'llm-fallback', { name, branches: [branch('pool'), branch('spare')], wires: [[], ['pool'], ['spare']] }),
    node('pool', 'llm-pool', { name, members: [{ name: 'a', maxConcurrent: 2 }, { name: 'b', maxConcurrent: 2 }], maxQueued: 100, wires: [[], ['a'], ['b']] }),
    ...['a', 'b', 'spare'].map((id) => node(id, 'llm-echo', { name: `${id} ${name}`, tokensPerSecond: 40 })),
    endpoint('account', 'openai', {}),
  ];
}

describe('With a deploy every two seconds, under load', () => {
  let gateway: Gateway;

  before(async () => {
    gateway = await startGateway(() => []);
    await gateway.nodeRed.deploy(flows(gateway, 0));
    const port = ownPort();
    if (port !== undefined) await opened(port);
  });

  after(() => gateway?.stop());

  for (const type of ['full', 'flows', 'nodes'] as const) {
    test(`of type ${type}, the openai SDK with its own retries loses no answer`, async () => {
      const openai = gateway.openai('/api', { maxRetries: 2 });
      const over = new AbortController();
      let answered = 0;
      const ask = async (stream: boolean) => {
        const messages = [{ role: 'user' as const, content: prompt }];
        if (!stream) return (await openai.chat.completions.create({ model: 'm', messages })).choices[0]?.message.content;
        let text = '';
        for await (const { choices } of await openai.chat.completions.create({ model: 'm', messages, stream: true })) text += choices[0]?.delta.content ?? '';
        return text;
      };
      const worker = async (number: number) => {
        while (!over.signal.aborted) {
          assert.equal(await ask(number % 2 === 0), prompt);
          answered++;
        }
      };
      const workers = Promise.all(Array.from({ length: 8 }, (_, number) => worker(number)));
      for (let version = 1; version <= 4; version++) {
        const pause = new Promise((resolve) => setTimeout(resolve, deployEveryMs));
        await gateway.nodeRed.deploy(flows(gateway, version), type);
        await pause;
      }
      over.abort();
      await workers;
      assert.ok(answered > 8, `${answered} answers`);
    });
  }

  test('no request gets HTML or a refused connection, also where no answer is under way', async () => {
    const over = new AbortController();
    const statuses = new Set<number>();
    const worker = async () => {
      while (!over.signal.aborted) {
        const response = await fetch(`${gateway.origin}/api/v1/models`);
        statuses.add(response.status);
        assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
        await response.arrayBuffer();
      }
    };
    const workers = Promise.all([worker(), worker(), worker()]);
    for (let version = 5; version < 10; version++) await gateway.nodeRed.deploy(flows(gateway, version));
    over.abort();
    await workers;
    assert.deepEqual([...statuses], [200]);
  });

  test('a backend whose account alone is deployed is waited for', async () => {
    const ask = () => gateway.post(`/account${chat}`, { model: 'text', messages: hello });
    assert.equal((await ask()).status, 200);
    const begun = gateway.providers.nextHanging();
    const stream = await gateway.post(`/account${chat}`, { model: 'hang', messages: hello, stream: true });
    const hanging = await begun;
    const changed = flows(gateway, 9).map((given) => (given.id === 'openai-account' ? { ...given, name: 'changed' } : given));
    const deployed = gateway.nodeRed.deploy(changed, 'nodes');
    await gateway.nodeRed.waitForLog(/Stopping modified nodes/);
    const late = ask();
    hanging.finish();
    assert.match(await stream.text(), /\[DONE\]/);
    assert.equal((await late).status, 200);
    await deployed;
  });
});

test('A Node-RED that ends answers at once that it does', async (t) => {
  const gateway = await startGateway(() => [endpoint('api', 'vllm')]);
  t.after(() => gateway.stop());
  const begun = gateway.providers.nextHanging();
  const stream = await gateway.post(`/api${chat}`, { model: 'hang', messages: hello, stream: true });
  const hanging = await begun;
  process.kill(gateway.nodeRed.pid ?? 0, 'SIGTERM');
  await gateway.nodeRed.waitForLog(/Stopping flows/);
  const late = await gateway.post(`/api${chat}`, { model: 'text', messages: hello });
  assert.deepEqual([late.status, late.headers.get('retry-after')], [503, '5']);
  assert.match(await late.text(), /The flow has been stopped/);
  hanging.finish();
  assert.match(await stream.text(), /\[DONE\]/);
});
