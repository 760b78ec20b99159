/** No key, prompt or answer stands in anything that a monitor tells. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bus, type EventName } from '../../../nodes/core/events.ts';
import { chat, startEndpoint } from '../../support/endpoint.ts';
import { testFolder } from '../../support/folder.ts';
import { answers, breaks, fails, finish, text } from '../../support/scripted-client.ts';

const names: EventName[] = ['request', 'attempt', 'firstToken', 'retry', 'completion', 'failure', 'stage', 'stageEnd', 'branchStart', 'branch', 'served', 'breaker', 'health'];

test('Keys, prompts, answers and what providers say appear in no metric, log, status, message or event', async (t) => {
  const folder = testFolder(t);
  const file = folder.at('requests.log');
  const told: unknown[] = [];
  for (const name of names) t.after(bus.on(name, (event) => told.push(event)));
  const alerts = [{ measure: 'breaker' }, { measure: 'failures', above: 0, minutes: 0 }];
  const monitor = { id: 'monitor', type: 'llm-monitor', summarySeconds: 1, alerts, log: 'file', logFile: file, logAttempts: true, wires: [['heard'], ['heard']] };
  const backend = { id: 'backend', name: 'Backend', type: 'llm-scripted', retries: 1, retryBaseMs: 0, breakerFailures: 3, wires: [[]] };
  const { flow, post, port } = await startEndpoint(t, {
    nodes: [backend, monitor, { id: 'heard', type: 'helper', wires: [] }],
    scripts: [
      answers([text('canary-answer'), { type: 'thinking', text: 'canary-thought' }, finish]),
      fails('server'),
      breaks('interrupted', [text('canary-partial')]),
      fails('invalid_request', { partial: 'canary-partial' }),
      fails('server'),
    ],
    credentials: { endpoint: { keys: 'ann: sk-canary-key' }, monitor: { token: 'canary-token' } },
  });
  const body = { model: 'canary-model', messages: [{ role: 'system', content: 'canary-system' }, { role: 'user', content: 'canary-prompt' }], user: 'canary-user', stop: ['canary-stop'], metadata: { canary: 1 } };
  const ask = async (key: string, more: object = {}) => (await post(chat, { ...body, ...more }, { headers: { 'x-api-key': key } })).text();
  for (let count = 0; count < 8; count++) await ask('sk-canary-key', { stream: count % 2 === 0 });
  await ask('sk-canary-wrong');
  const metrics = await (await fetch(`http://127.0.0.1:${port}/llm/metrics`, { headers: { authorization: 'Bearer canary-token' } })).text();
  assert.match(metrics, /llm_requests_total\{.*kind="circuit_open"\}/);
  const heard = [await flow.next('heard'), await flow.next('heard')];
  await flow.stop();
  const log = readFileSync(file, 'utf8');
  assert.ok(log.split('\n').length > 10 && told.length > 50);
  // A model's name is no content; of a client's own making it is still no label.
  const shown = [metrics, log.replaceAll('"canary-model"', ''), ...flow.statuses('monitor'), ...flow.statuses('endpoint'), ...flow.statuses('backend'), ...heard, JSON.stringify(told).replaceAll('"canary-model"', '')];
  for (const one of shown) assert.doesNotMatch(typeof one === 'string' ? one : JSON.stringify(one), /canary/);
});
