import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LlmError } from '../../nodes/core/errors.ts';
import { backendOf, cancel, hello, pause, type Setup, short, watch } from '../support/scripted-backend.ts';
import { answers, fails } from '../support/scripted-client.ts';

/** A client whose server is there after some ms, or fails to be. */
function onServer(t: TestContext, serverMs: number, setup: Setup, failure?: LlmError) {
  const made = backendOf(t, setup);
  const leases = { taken: 0, given: 0 };
  const acquire = async (signal: AbortSignal) => {
    leases.taken++;
    await Promise.race([pause(serverMs), cancelledBy(signal)]);
    if (failure) throw failure;
    return () => void leases.given++;
  };
  return { ...made, leases, client: Object.assign(made.client, { acquire }) };
}

function cancelledBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

test('the time that a server needs to be there counts against no timer of an attempt', async (t) => {
  const { time, backend, leases } = onServer(t, 5_000, { scripts: [answers(short)], limits: { connectTimeoutMs: 100, firstTokenTimeoutMs: 100 } });
  const outcome = watch(backend.complete(hello));
  await time.advance(5_000);
  assert.equal(outcome.completion?.text, 'Hi');
  assert.deepEqual(leases, { taken: 1, given: 1 });
});

test('but against the total time, and whoever cancels waits no longer', async (t) => {
  const { time, backend, client, leases } = onServer(t, 5_000, { scripts: [answers(short)], limits: { totalTimeoutMs: 1_000 } });
  const late = watch(backend.complete(hello));
  await time.advance(1_000);
  assert.equal(late.failure?.kind, 'timeout');
  const controller = new AbortController();
  const gone = watch(backend.complete(hello, { signal: controller.signal }));
  await time.advance(10);
  controller.abort(cancel);
  await time.advance(0);
  assert.equal(gone.failure?.kind, 'cancelled');
  assert.deepEqual([client.attempts, leases.given], [0, 0]);
});

test('a server that is not to be had is one failed attempt, without a retry and without the breaker', async (t) => {
  const failure = new LlmError('overloaded', 'It is starting.', { retryable: false });
  const { time, backend, client } = onServer(t, 10, { scripts: [answers(short)], limits: { retries: 3, breakerFailures: 1 } }, failure);
  const outcome = watch(backend.complete(hello));
  await time.advance(10);
  assert.deepEqual([outcome.failure?.kind, outcome.failure?.cause.attempts?.length, client.attempts, backend.breakerState], ['overloaded', 1, 0, 'closed']);
});

test('each attempt has its own lease, and gives it back however it ends', async (t) => {
  const { time, backend, leases } = onServer(t, 10, { scripts: [fails('unavailable'), answers(short)], limits: { retries: 1, retryBaseMs: 10 } });
  const outcome = watch(backend.complete(hello));
  await time.advance(1_000);
  assert.equal(outcome.completion?.text, 'Hi');
  assert.deepEqual(leases, { taken: 2, given: 2 });
});
