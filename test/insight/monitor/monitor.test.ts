/** The messages and the status of a monitor in a flow. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { chat, hello, startEndpoint } from '../../support/endpoint.ts';
import type { FlowNode } from '../../support/flow.ts';

const failing = { id: 'bad', type: 'llm-echo', name: 'Bad', tokensPerSecond: 0, retries: 0, breakerFailures: 1, faultKind: 'server', faultPercent: 100, faultAfterTokens: 0, wires: [[]] };

function start(t: TestContext, config: object, backend: FlowNode = failing) {
  const monitor = { id: 'monitor', type: 'llm-monitor', summarySeconds: 0, wires: [['alerts'], ['summaries']], ...config };
  return startEndpoint(t, { nodes: [backend, monitor, { id: 'alerts', type: 'helper', wires: [] }, { id: 'summaries', type: 'helper', wires: [] }] });
}

test('An alert is a message: a sentence, and the same as data', async (t) => {
  const { flow, post } = await start(t, { alerts: [{ name: 'Breakers', measure: 'breaker' }] });
  await (await post(chat, hello)).text();
  const { topic, payload, alert } = await flow.next('alerts');
  assert.deepEqual([topic, payload], ['Breakers', 'The breaker of Bad is open: it failed again and again and is left alone.']);
  const { time, ...data } = alert as { time: string };
  assert.ok(Date.now() - Date.parse(time) < 60_000);
  assert.deepEqual(data, { state: 'fired', name: 'Breakers', measure: 'breaker', value: 1, threshold: 0, unit: '', minutes: 0, node: { id: 'bad', name: 'Bad', type: 'llm-echo' } });
  await flow.status('monitor', '1 alert');
  assert.deepEqual(await flow.rest('alerts'), []);
});

test('A summary comes at its interval', async (t) => {
  const { flow, post } = await start(t, { summarySeconds: 1 }, { id: 'good', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] });
  await (await post(chat, hello)).text();
  let requests = 0;
  while (requests === 0) {
    const { topic, payload } = await flow.next('summaries');
    assert.equal(topic, 'summary');
    const summary = payload as { requests: number; outputTokens: number; backends: Array<{ name: string }> };
    requests = summary.requests;
    if (requests > 0) assert.deepEqual([summary.outputTokens, summary.backends.map(({ name }) => name)], [2, ['llm-echo']]);
  }
  assert.equal(requests, 1);
});

describe('Settings that cannot work', () => {
  for (const bad of [{ path: '/a b' }, { alerts: [{ measure: 'x' }] }, { summarySeconds: -1 }, { log: 'printer' }, { logFileMb: 0 }]) {
    test(`are told below the node: ${JSON.stringify(bad)}`, async (t) => {
      const { flow, post } = await start(t, bad);
      await flow.status('monitor', 'llm.status.misconfigured');
      assert.equal((await post(chat, hello)).status, 502, 'and requests go on');
    });
  }
});
