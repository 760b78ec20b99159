/** The request log of a monitor, in a flow. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { LogRecord } from '../../../nodes/insight/log/request-log.ts';
import { chat, hello, startEndpoint } from '../../support/endpoint.ts';
import { testFolder } from '../../support/folder.ts';

const good = { id: 'good', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] };

function start(t: TestContext, config: object) {
  return startEndpoint(t, { nodes: [good, { id: 'monitor', type: 'llm-monitor', metrics: false, summarySeconds: 0, log: 'file', wires: [[], []], ...config }] });
}

function recordsIn(file: string): LogRecord[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as LogRecord);
}

test('It is a file of lines, all written when the node closes', async (t) => {
  const file = testFolder(t).at('logs/requests.log');
  const { flow, post } = await start(t, { logFile: file, logAttempts: true });
  for (let count = 0; count < 20; count++) await (await post(chat, hello)).text();
  await flow.stop();
  const records = recordsIn(file);
  assert.deepEqual([records.length, records.filter(({ type, status }) => type === 'request' && status === 200).length], [40, 20]);
});

test('A relative file is in the user folder', async (t) => {
  const folder = testFolder(t);
  const { flow, post } = await startEndpoint(t, {
    nodes: [good, { id: 'monitor', type: 'llm-monitor', summarySeconds: 0, log: 'file', wires: [[], []] }],
    settings: { userDir: folder.path },
  });
  await (await post(chat, hello)).text();
  await flow.stop();
  assert.equal(recordsIn(folder.at('llm-requests.log')).length, 1);
});

test('Where it cannot be written, the node says so and requests go on; where it can again, so does the log', async (t) => {
  const folder = testFolder(t);
  writeFileSync(folder.at('logs'), 'a file in the place of the folder');
  const { flow, post } = await start(t, { logFile: folder.at('logs/requests.log') });
  const ask = (id: string) => post(chat, hello, { headers: { 'x-request-id': id } });
  assert.equal((await ask('lost')).status, 200);
  await flow.status('monitor', 'monitor.status.log');
  assert.equal((await ask('on the way')).status, 200);
  rmSync(folder.at('logs'));
  await (await ask('kept')).text();
  await flow.stop();
  const ids = recordsIn(folder.at('logs/requests.log')).map(({ request }) => request);
  assert.deepEqual([ids.includes('lost'), ids.at(-1)], [false, 'kept']);
});

test('It may go to Node-RED’s own log', async (t) => {
  const { flow, post } = await start(t, { log: 'node-red' });
  const lines: string[] = [];
  t.mock.method(flow.node('monitor'), 'log', (line: string) => lines.push(line));
  await (await post(chat, hello)).text();
  await flow.stop();
  assert.deepEqual(lines.map((line) => (JSON.parse(line) as LogRecord).status), [200]);
});
