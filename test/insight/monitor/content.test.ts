/** What a monitor says is to be kept of prompts and answers, in a flow. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { recorder } from '../../../nodes/insight/recorder.ts';
import { readMonitorSettings } from '../../../nodes/insight/monitor/settings.ts';
import { bus } from '../../../nodes/core/events.ts';
import { chat, startEndpoint } from '../../support/endpoint.ts';
import { quiet } from '../../support/flow.ts';

const body = { model: 'm', messages: [{ role: 'user', content: 'Mail ann@example.org about Falcon.' }] };

async function start(t: TestContext, config: object) {
  const monitor = { id: 'monitor', type: 'llm-monitor', metrics: false, summarySeconds: 0, wires: [[], []], ...config };
  const endpoint = await startEndpoint(t, { nodes: [{ id: 'good', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] }, monitor] });
  const { flow, nodes, post } = endpoint;
  // The recorder is the process's own: it may know requests of an earlier test.
  const { last } = recorder.requests(0);
  return {
    ...endpoint,
    ask: async () => (await post(chat, body)).text(),
    content: () => Promise.all(recorder.requests(last).requests.map(async ({ id }) => (await recorder.trace(id))?.content)),
    redeploy: (changed?: object) => flow.deploy(nodes.flatMap((node) => (node.id !== 'monitor' ? [node] : changed ? [{ ...node, ...changed }] : []))),
  };
}

test('Without a word of it, none is', async (t) => {
  const { ask, content } = await start(t, {});
  await ask();
  await quiet();
  assert.deepEqual([await content(), bus.has('asked'), recorder.live().isKept], [[undefined], false, true]);
});

test('It is in memory, redacted as the settings say, and can be sent again', async (t) => {
  const { ask, content } = await start(t, { capture: 'memory', redactPatterns: 'falcon' });
  await ask();
  await quiet();
  const prompt = [{ role: 'user', content: 'Mail [redacted] about [redacted].' }];
  assert.deepEqual(await content(), [{ prompt: JSON.stringify(prompt), settings: '{"model":"m"}', answer: 'Mail [redacted] about [redacted].', canReplay: true, redactions: 4 }]);
  assert.deepEqual(await recorder.replayOf(recorder.requests(0).requests[0]?.id ?? ''), { entry: 'endpoint', payload: prompt, llm: { model: 'm' } });
});

test('What is not to be taken out stays', async (t) => {
  const { ask, content } = await start(t, { capture: 'memory', redactEmails: false });
  await ask();
  await quiet();
  assert.equal((await content())[0]?.answer, 'Mail ann@example.org about Falcon.');
});

test('It outlives a deploy of the monitor, but not a change of its rules, nor its end', async (t) => {
  const { ask, content, redeploy } = await start(t, { capture: 'memory' });
  await ask();
  await redeploy({ name: 'Another name' });
  assert.equal((await content()).filter(Boolean).length, 1);
  await redeploy({ name: 'Another name', redactPatterns: 'falcon' });
  assert.equal((await content()).filter(Boolean).length, 0);
  await ask();
  await redeploy({ capture: 'off' });
  assert.deepEqual([(await content()).filter(Boolean).length, bus.has('asked')], [0, false]);
  await redeploy();
  assert.equal(recorder.live().isKept, false);
});

test('A monitor whose settings cannot work keeps nothing', async (t) => {
  const { flow, ask } = await start(t, { capture: 'memory', redactPatterns: '(' });
  await flow.status('monitor', 'misconfigured');
  await ask();
  assert.equal(bus.has('asked'), false);
});

test('By default all that can be known by its looks is taken out, and nothing is kept', () => {
  const { capture, log } = readMonitorSettings({});
  assert.deepEqual([capture, log.content], [undefined, undefined]);
  const known = { keys: true, emails: true, cards: true, patterns: [] };
  assert.deepEqual(readMonitorSettings({ capture: 'memory', logContent: true }).capture, { ...known, count: 100 });
  assert.deepEqual(readMonitorSettings({ logContent: true }).log.content, { ...known, count: 100 });
  for (const wrong of [{ capture: 'disk' }, { captureCount: 0 }, { captureCount: 301 }, { redactPatterns: 'a\n[' }]) assert.throws(() => readMonitorSettings(wrong), RangeError);
});
