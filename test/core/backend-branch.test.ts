/** A backend in a branch: the time that the stage above leaves it, and what it says before it is asked. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settled } from '../support/fake-time.ts';
import { requestOf } from '../support/requests.ts';
import { backendOf, cancel, hello, short, watch } from '../support/scripted-backend.ts';
import { answers, fails, hangs, text } from '../support/scripted-client.ts';

describe('A deadline from above', () => {
  const limits = { totalTimeoutMs: 10_000, firstTokenTimeoutMs: 0, idleTimeoutMs: 0 };
  const inMs = (ms: number) => ({ deadline: performance.now() + ms });

  test('ends the request, with the text so far', async (t) => {
    const { time, backend } = backendOf(t, { limits, scripts: [hangs([text('Once')])] });
    await time.advance(5000);
    const outcome = watch(backend.complete(hello, inMs(500)));
    await time.advance(499);
    assert.deepEqual(outcome, {});
    await time.advance(1);
    assert.deepEqual([outcome.failure?.kind, outcome.failure?.partial], ['timeout', 'Once']);
    assert.match(outcome.failure?.message ?? '', /^No complete answer within 500 ms\./);
    assert.deepEqual([time.timers, backend.busy], [0, 0]);
  });

  test("counts where it is earlier than the backend's own and the request's, and only there", async (t) => {
    const { time, backend } = backendOf(t, { limits, scripts: [hangs()] });
    const patient = requestOf('Hello', { timeoutMs: 300 });
    const outcomes = [
      watch(backend.complete(hello, inMs(100))),
      watch(backend.complete({ ...patient, timeoutMs: 200 }, inMs(250))),
      watch(backend.complete(patient, inMs(86_400_000))),
      watch(backend.complete(hello, { deadline: Infinity })),
    ];
    const ended: number[] = [];
    for (const ms of [100, 100, 100, 9_699, 1]) {
      await time.advance(ms);
      ended.push(outcomes.filter(({ failure }) => failure).length);
    }
    assert.deepEqual(ended, [1, 2, 3, 3, 4]);
  });

  test('that is over already ends the request at once', async (t) => {
    const { time, backend } = backendOf(t, { limits, scripts: [hangs()] });
    const outcome = watch(backend.complete(hello, inMs(-50)));
    await time.advance(1);
    assert.equal(outcome.failure?.kind, 'timeout');
    assert.match(outcome.failure.message, /within 0 ms/);
  });

  test('lets no retry wait beyond it', async (t) => {
    const { time, client, backend } = backendOf(t, { limits: { ...limits, retries: 2 }, scripts: [fails('overloaded', { retryAfterMs: 500 })] });
    const outcome = watch(backend.complete(hello, inMs(500)));
    await settled();
    assert.equal(outcome.failure?.kind, 'overloaded', 'the failure itself, for another branch to be tried');
    assert.deepEqual([client.attempts, time.timers], [1, 0]);
  });

  test('lets nobody wait for a place beyond it', async (t) => {
    const { time, backend } = backendOf(t, { limits: { ...limits, maxConcurrent: 1 }, scripts: [hangs()] });
    watch(backend.complete(hello));
    const waiting = watch(backend.complete(hello, inMs(100)));
    await time.advance(100);
    assert.deepEqual([waiting.failure?.kind, backend.waiting, backend.busy], ['timeout', 0, 1]);
  });
});

describe('What a backend says before it is asked', () => {
  const limits = { breakerFailures: 1, breakerOpenMs: 1000 };

  test('is nothing while it would try', async (t) => {
    const { backend } = backendOf(t, { limits: { maxConcurrent: 1 }, scripts: [fails('server'), hangs()] });
    assert.equal(backend.refusal, undefined);
    await assert.rejects(backend.complete(hello));
    watch(backend.complete(hello));
    assert.equal(backend.refusal, undefined, 'a request could wait');
  });

  test('is that its breaker is open, until a probe may be sent, and while that is under way', async (t) => {
    const { time, backend } = backendOf(t, { limits, scripts: [fails('server'), hangs(), answers(short)] });
    await assert.rejects(backend.complete(hello));
    assert.equal(backend.refusal, 'circuit_open');
    await time.advance(999);
    assert.equal(backend.refusal, 'circuit_open');
    await time.advance(1);
    assert.equal(backend.refusal, undefined);
    const controller = new AbortController();
    watch(backend.complete(hello, { signal: controller.signal }));
    await settled();
    assert.equal(backend.refusal, 'circuit_open');
    controller.abort(cancel);
    await time.advance(1000);
    await backend.complete(hello);
    assert.equal(backend.refusal, undefined);
  });

  test('is that the provider asked for a pause, until that is over', async (t) => {
    const { time, backend } = backendOf(t, { limits, scripts: [fails('rate_limit', { retryAfterMs: 5000 }), answers(short)] });
    await assert.rejects(backend.complete(hello));
    await time.advance(4999);
    assert.equal(backend.refusal, 'rate_limit');
    await time.advance(1);
    assert.equal(backend.refusal, undefined);
  });
});

describe('A failure', () => {
  test('has the attempts that were made, as plain data', async (t) => {
    const { time, backend } = backendOf(t, { limits: { retries: 1 }, scripts: [fails('overloaded'), fails('auth')] });
    const outcome = watch(backend.complete(hello));
    await time.advance(10_000);
    const expected = ['overloaded', 'auth'].map((error) => ({ backend: 'Backend', outcome: 'failed', error, ms: 0 }));
    assert.deepEqual(outcome.failure?.cause.attempts, expected);
    assert.deepEqual(structuredClone(outcome.failure.cause), outcome.failure.cause);
  });

  test('of a request that never had its turn has none', async (t) => {
    const { backend } = backendOf(t, { limits: { maxConcurrent: 1, maxQueued: 0 }, scripts: [hangs()] });
    watch(backend.complete(hello));
    await assert.rejects(backend.complete(hello), (error: Error) => !('attempts' in (error.cause as object)));
  });
});
