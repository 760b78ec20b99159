/** The metrics that a monitor serves, over flows that run and are deployed anew. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { beforeEach, describe, test, type TestContext } from 'node:test';
import { bus, type EventName } from '../../../nodes/core/events.ts';
import { llmNode } from '../../../nodes/runtime/llm-nodes.ts';
import { chat, hello, startEndpoint, type TestEndpoint } from '../../support/endpoint.ts';
import { settled } from '../../support/fake-time.ts';
import type { FlowNode } from '../../support/flow.ts';
import { Samples } from '../../support/prometheus.ts';

const { events } = createRequire(import.meta.url)('@node-red/util') as { events: NodeJS.EventEmitter };

// Counts go on until a deploy is over that leaves no monitor: that of the test before.
beforeEach(() => void events.emit('flows:started'));

const monitor: FlowNode = { id: 'monitor', type: 'llm-monitor', summarySeconds: 0, wires: [[], []] };
const fallback = { id: 'fallback', type: 'llm-fallback', name: 'Then', branches: [{ name: 'bad' }, { name: 'good' }], wires: [[], ['bad'], ['good']] };
const bad = { id: 'bad', type: 'llm-echo', tokensPerSecond: 0, retries: 1, retryBaseMs: 0, breakerFailures: 0, faultKind: 'overloaded', faultPercent: 50, faultAfterTokens: 0, wires: [[]] };
const good = { id: 'good', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] };
const behind = [fallback, bad, good, monitor];

function urlOf({ port }: TestEndpoint, path = '/llm/metrics'): string {
  return `http://127.0.0.1:${port}${path}`;
}

async function samplesOf(endpoint: TestEndpoint): Promise<Samples> {
  const response = await fetch(urlOf(endpoint));
  assert.equal(response.status, 200);
  return new Samples(await response.text());
}

/** Asks so many times, a few at once: how many got each status. */
async function ask({ post }: TestEndpoint, count: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const worker = async () => {
    while (count-- > 0) {
      const { status, ...response } = await post(chat, hello).then(async (response) => ({ status: response.status, text: await response.text() }));
      assert.ok(response.text);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return statuses;
}

test('They equal what clients saw, through redeploys, and nothing is left of nodes that are removed', async (t) => {
  const endpoint = await startEndpoint(t, { nodes: behind });
  const { flow, nodes } = endpoint;
  const seen = new Map<number, number>();
  const count = async (statuses: Promise<Map<number, number>>) => {
    for (const [status, number] of await statuses) seen.set(status, (seen.get(status) ?? 0) + number);
  };
  await count(ask(endpoint, 100));
  for (const [type, change] of [['nodes', { name: 'Monitor' }], ['full', {}], ['nodes', { name: 'Other' }]] as const) {
    const asking = ask(endpoint, 100);
    await flow.deploy(nodes.map((node) => (node.id === 'monitor' ? { ...node, ...change } : node)), type);
    await count(asking);
  }
  const told = await samplesOf(endpoint);
  for (const status of [200, 502, 503]) assert.equal(told.sum('llm_http_responses_total', { status: String(status) }), seen.get(status) ?? 0, String(status));
  const ok = seen.get(200) ?? 0;
  assert.ok(ok > 100);
  assert.equal(told.sum('llm_stage_requests_total', { id: 'endpoint', outcome: 'ok' }), ok);
  assert.equal(told.sum('llm_stage_requests_total', { id: 'fallback', outcome: 'ok' }), ok);
  assert.equal(told.sum('llm_requests_total', { outcome: 'ok' }), ok);
  assert.equal(told.sum('llm_output_tokens_total'), ok * 2);
  assert.equal(told.sum('llm_requests_total', { id: 'good', outcome: 'ok' }), told.sum('llm_branch_attempts_total', { branch: 'good', outcome: 'ok' }));
  assert.equal(told.sum('llm_in_flight'), 0);

  await flow.deploy(nodes.map((node) => (node.id === 'fallback' ? { ...node, wires: [[], ['good'], []] } : node)).filter(({ id }) => id !== 'bad'));
  const after = await samplesOf(endpoint);
  assert.deepEqual(after.values('id'), ['endpoint', 'fallback', 'good']);
  assert.equal(after.sum('llm_stage_requests_total', { id: 'endpoint', outcome: 'ok' }), ok, 'and nothing is lost of the others');
});

test('Who looks in the middle of a deploy takes no counts away', async (t) => {
  const endpoint = await startEndpoint(t, { nodes: behind });
  const { flow, nodes, post } = endpoint;
  const slow = nodes.map((node) => (node.id === 'good' ? { ...node, delayMs: 200, name: 'good' } : node.id === 'bad' ? { ...node, faultPercent: 100 } : node));
  await flow.deploy(slow);
  await ask(endpoint, 3);
  const asked = new Promise<void>((resolve) => t.after(bus.on('request', ({ backend }) => void (backend.id === 'good' && resolve()))));
  const last = post(chat, hello);
  await asked;
  const deployed = flow.deploy(slow.map((node) => (node.id === 'good' ? { ...node, delayMs: 100 } : node)));
  while (llmNode('good')) await settled();
  assert.equal((await samplesOf(endpoint)).sum('llm_requests_total', { id: 'good' }), 3);
  await (await last).text();
  await deployed;
  assert.equal((await samplesOf(endpoint)).sum('llm_requests_total', { id: 'good' }), 4);
});

test('Nobody listens any more once no monitor is left', async (t) => {
  const { flow, nodes } = await startEndpoint(t, { nodes: behind });
  const names: EventName[] = ['request', 'attempt', 'firstToken', 'retry', 'completion', 'failure', 'stage', 'stageEnd', 'branchStart', 'branch', 'served'];
  assert.ok(bus.has('completion'));
  await flow.deploy(nodes.filter(({ id }) => id !== 'monitor'));
  assert.deepEqual(names.filter((name) => bus.has(name)), []);
});

describe('The address', () => {
  const start = (t: TestContext, config: object = {}, token?: string) =>
    startEndpoint(t, { nodes: [...behind.filter(({ id }) => id !== 'monitor'), { ...monitor, ...config }], ...(token !== undefined && { credentials: { monitor: { token } } }) });

  test('wants the token, where there is one', async (t) => {
    const endpoint = await start(t, {}, 'secret-token');
    const statusWith = async (authorization?: string) => {
      const response = await fetch(urlOf(endpoint), { headers: authorization === undefined ? {} : { authorization } });
      assert.doesNotMatch(await response.text(), /secret-token/);
      return response.status;
    };
    assert.deepEqual(await Promise.all([statusWith(), statusWith('Bearer other'), statusWith('Basic secret-token'), statusWith('Bearer secret-token')]), [401, 401, 401, 200]);
  });

  test('is where the settings say, and answers questions for metrics alone', async (t) => {
    const endpoint = await start(t, { path: 'my/metrics/' });
    const response = await fetch(urlOf(endpoint, '/my/metrics'));
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(await response.text(), /^# HELP llm_requests_total .+\n# TYPE llm_requests_total counter/m);
    const status = async (path: string, method = 'GET') => (await fetch(urlOf(endpoint, path), { method })).status;
    assert.deepEqual(await Promise.all([status('/my/metrics', 'HEAD'), status('/my/metrics', 'POST'), status('/my/metrics/x'), status('/llm/metrics')]), [200, 405, 404, 404]);
  });

  test('is none where metrics are off', async (t) => {
    const endpoint = await start(t, { metrics: false });
    assert.equal((await fetch(urlOf(endpoint))).status, 404);
  });

  test('that another node has is told as wrong', async (t) => {
    const { flow } = await start(t, { path: '/v1' });
    await flow.status('monitor', 'llm.status.pathTaken');
  });
});

test('Two monitors tell the same', async (t) => {
  const endpoint = await startEndpoint(t, { nodes: [...behind, { ...monitor, id: 'second', path: '/other' }] });
  await ask(endpoint, 10);
  const [first, second] = [await samplesOf(endpoint), new Samples(await (await fetch(urlOf(endpoint, '/other'))).text())];
  assert.equal(first.sum('llm_stage_requests_total', { id: 'endpoint' }), 10);
  assert.equal(second.sum('llm_stage_requests_total', { id: 'endpoint' }), 10);
});
