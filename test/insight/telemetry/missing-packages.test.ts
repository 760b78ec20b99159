/** A monitor that is to send to an OTLP address, where the packages for it are not installed. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { isLlmError } from '../../../nodes/core/errors.ts';
import { exporterPackages, otlpProviders } from '../../../nodes/insight/telemetry/telemetry.ts';
import { chat, hello, startEndpoint } from '../../support/endpoint.ts';

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === '@opentelemetry/sdk-metrics') throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(specifier, context);
  },
});

test('A clear sentence says what to install', async () => {
  await assert.rejects(otlpProviders('http://localhost:4318', 'test'), (error) => isLlmError(error) && error.kind === 'not_found' && exporterPackages.every((name) => error.message.includes(name)));
});

test('The node says so, and the rest of it goes on', async (t) => {
  const monitor = { id: 'monitor', type: 'llm-monitor', summarySeconds: 0, telemetry: 'otlp', wires: [[], []] };
  const { flow, post, port } = await startEndpoint(t, { nodes: [{ id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] }, monitor] });
  await flow.status('monitor', 'monitor.status.telemetry');
  assert.equal((await post(chat, hello)).status, 200);
  assert.match(await (await fetch(`http://127.0.0.1:${port}/llm/metrics`)).text(), /^llm_requests_total\{/m);
});
