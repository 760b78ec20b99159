import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNodeRed } from '../support/node-red.ts';
import { startServer } from '../support/server.ts';

test('the status of a backend follows its server: loading, ready, down', async (t) => {
  let status = 503;
  const server = await startServer((exchange) =>
    status === 200
      ? exchange.json(200, { status: 'ok' })
      : exchange.json(503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } }),
  );
  t.after(() => server.close());
  const nodeRed = await startNodeRed({
    flows: [
      { id: 'tab', type: 'tab', label: 'Health' },
      { id: 'llama', type: 'llm-llamacpp', z: 'tab', x: 100, y: 100, server: 'server', wires: [[]] },
      { id: 'server', type: 'llm-llamacpp-server', url: server.url, healthIntervalMs: 20 },
    ],
  });
  t.after(() => nodeRed.stop());
  const statuses = await nodeRed.statuses();
  t.after(() => statuses.close());
  const loading = await statuses.until('llama', ({ text }) => text === 'llm.status.loading');
  assert.equal(loading.fill, 'yellow');
  status = 200;
  const ready = await statuses.until('llama', ({ text }) => text === 'llm.status.ready');
  assert.equal(ready.fill, 'green');
  await server.close();
  const down = await statuses.until('llama', ({ text }) => text === 'llm.status.down');
  assert.equal(down.fill, 'red');
});
