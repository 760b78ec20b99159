import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Backend } from '../../nodes/core/backend.ts';
import { failureKinds, LlmError } from '../../nodes/core/errors.ts';
import { defaultLimits } from '../../nodes/core/limits.ts';
import { settled } from '../support/fake-time.ts';
import { requestOf } from '../support/requests.ts';
import { backendOf, hello, identity, listen, pause, short, watch } from '../support/scripted-backend.ts';
import { answers, cancelled, fails, hangs, type Script, ScriptedClient, text } from '../support/scripted-client.ts';

describe('A failure', () => {
  const limits = { retries: 2, retryBaseMs: 100, retryMaxMs: 1000 };

  test('that may pass is retried with growing waits, each up to the most', async (t) => {
    t.mock.method(Math, 'random', () => 0.9);
    const events = listen(t);
    const { time, client, backend } = backendOf(t, { limits: { ...limits, retries: 6 }, scripts: [fails('overloaded')] });
    const outcome = watch(backend.complete(hello));
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 6; attempt++) {
      await settled();
      const delayMs = events.filter(({ name }) => name === 'retry').at(-1)?.['delayMs'] as number;
      delays.push(delayMs);
      await time.advance(Math.ceil(delayMs) - 1);
      assert.equal(client.attempts, attempt, 'no attempt before its time');
      await time.advance(1);
      assert.equal(client.attempts, attempt + 1);
    }
    assert.deepEqual(delays, delays.toSorted((a, b) => a - b));
    assert.ok(delays[0] && delays[0] < 300);
    assert.equal(delays.at(-1), 1000);
    assert.equal(outcome.failure?.kind, 'overloaded');
    assert.equal(time.timers, 0);
  });

  test('that passes is forgotten but for the attempts', async (t) => {
    const { time, backend } = backendOf(t, { limits, scripts: [fails('server'), fails('unavailable'), answers(short)] });
    const outcome = watch(backend.complete(hello));
    await time.advance(10_000);
    assert.equal(outcome.completion?.text, 'Hi');
    const attempts = outcome.completion?.attempts.map(({ outcome: how, error }) => `${how} ${error ?? ''}`);
    assert.deepEqual(attempts, ['failed server', 'failed unavailable', 'ok ']);
  });

  test('of any kind is retried exactly where the design says', async (t) => {
    const { time } = backendOf(t, { scripts: [] });
    for (const kind of failureKinds) {
      const client = new ScriptedClient(fails(kind));
      const backend = new Backend({ identity, client, model: '', limits: { ...defaultLimits, breakerFailures: 0, ...limits } });
      const outcome = watch(backend.complete(hello));
      await time.advance(10_000);
      assert.equal(outcome.failure?.kind, kind);
      assert.equal(client.attempts, ['rate_limit', 'overloaded', 'unavailable', 'server'].includes(kind) ? 3 : 1, kind);
    }
  });

  test('is retried or not as the provider itself says', async (t) => {
    const { time, client, backend } = backendOf(t, { limits, scripts: [fails('overloaded', { retryable: false })] });
    await assert.rejects(backend.complete(hello), { kind: 'overloaded' });
    assert.equal(client.attempts, 1);
    const other = new ScriptedClient(fails('invalid_request', { retryable: true }), answers(short));
    const outcome = watch(new Backend({ identity, client: other, model: '', limits: { ...defaultLimits, ...limits } }).complete(hello));
    await time.advance(10_000);
    assert.equal(outcome.completion?.text, 'Hi');
  });

  test('is not retried after the first token', async (t) => {
    const broken: Script = async function* ({ onConnected }) {
      onConnected();
      yield [text('Once upon')];
      throw new LlmError('overloaded', 'Too much.');
    };
    const { client, backend } = backendOf(t, { limits, scripts: [broken, answers(short)] });
    await assert.rejects(backend.complete(hello), { kind: 'overloaded', partial: 'Once upon' });
    assert.equal(client.attempts, 1);
  });

  test('that says how long to wait is retried no sooner', async (t) => {
    const { time, client, backend } = backendOf(t, { limits, scripts: [fails('overloaded', { retryAfterMs: 5000 }), answers(short)] });
    const outcome = watch(backend.complete(hello));
    await time.advance(4999);
    assert.equal(client.attempts, 1);
    await time.advance(1);
    assert.equal(outcome.completion?.text, 'Hi');
  });

  test('that wants a longer wait than a minute goes on at once, with the wait', async (t) => {
    const { time, backend } = backendOf(t, { limits, scripts: [fails('rate_limit', { retryAfterMs: 60_001 })] });
    await assert.rejects(backend.complete(hello), { kind: 'rate_limit', retryAfterMs: 60_001 });
    assert.equal(time.timers, 0);
  });

  test('that nobody expected repeats nothing of what was thrown', async (t) => {
    const thrower: Script = () => {
      throw new TypeError('canary');
    };
    const { backend } = backendOf(t, { scripts: [thrower] });
    await assert.rejects(backend.complete(hello), (error: LlmError) => error.kind === 'server' && !/canary/.test(error.message + error.stack));
  });

  test('gives its place back', async (t) => {
    const { backend } = backendOf(t, { limits: { maxConcurrent: 1 }, scripts: [fails('auth'), answers(short)] });
    await assert.rejects(backend.complete(hello), { kind: 'auth' });
    assert.equal(backend.busy, 0);
    assert.equal((await backend.complete(hello)).text, 'Hi');
  });
});

describe('A rate limit', () => {
  const limits = { retryBaseMs: 0, retryMaxMs: 0 };

  test('keeps all requests back until the pause that the provider asked for is over', async (t) => {
    const { time, client, backend } = backendOf(t, { limits, scripts: [fails('rate_limit', { retryAfterMs: 5000 }), answers(short)] });
    await assert.rejects(backend.complete(hello), { kind: 'rate_limit' });
    await time.advance(2000);
    await assert.rejects(backend.complete(hello), { kind: 'rate_limit', retryAfterMs: 3000, retryable: true });
    assert.equal(client.attempts, 1, 'the provider is not asked');
    await time.advance(3000);
    assert.equal((await backend.complete(hello)).text, 'Hi');
  });

  test('with a shorter pause does not shorten a longer one', async (t) => {
    const gate = Promise.withResolvers<void>();
    const first = fails('rate_limit', { retryAfterMs: 1000 }, () => gate.promise);
    const { time, backend } = backendOf(t, { limits, scripts: [first, fails('rate_limit', { retryAfterMs: 30_000 })] });
    const slow = assert.rejects(backend.complete(hello), { kind: 'rate_limit' });
    await assert.rejects(backend.complete(hello), { kind: 'rate_limit' });
    gate.resolve();
    await slow;
    await time.advance(2000);
    await assert.rejects(backend.complete(hello), { retryAfterMs: 28_000 });
  });

  test('is waited for to the end, even where a timer runs a little early', async (t) => {
    const { time, client, backend } = backendOf(t, { limits: { ...limits, retries: 1 }, scripts: [fails('rate_limit', { retryAfterMs: 1000.9 }), answers(short)] });
    const outcome = watch(backend.complete(hello));
    await time.advance(1002);
    assert.equal(client.attempts, 2);
    assert.equal(outcome.completion?.text, 'Hi');
  });

  test('without a pause keeps nobody back and leaves the breaker alone', async (t) => {
    const { backend } = backendOf(t, { limits: { breakerFailures: 1 }, scripts: [fails('rate_limit'), answers(short)] });
    await assert.rejects(backend.complete(hello), { kind: 'rate_limit' });
    assert.equal((await backend.complete(hello)).text, 'Hi');
  });

  test("is no probe of an open breaker's backend", async (t) => {
    const scripts = [fails('rate_limit', { retryAfterMs: 50_000 }), fails('server'), answers(short)];
    const { time, client, backend } = backendOf(t, { limits: { breakerFailures: 1, breakerOpenMs: 1000, maxConcurrent: 2 }, scripts });
    const both = [assert.rejects(backend.complete(hello), { kind: 'rate_limit' }), assert.rejects(backend.complete(hello), { kind: 'server' })];
    await Promise.all(both);
    assert.equal(backend.breakerState, 'open');
    await time.advance(2000);
    await assert.rejects(backend.complete(hello), { kind: 'rate_limit' });
    assert.equal(backend.breakerState, 'open');
    await time.advance(50_000);
    await backend.complete(hello);
    assert.deepEqual([backend.breakerState, client.attempts], ['closed', 3]);
  });
});

describe('A deadline', () => {
  test('cuts the stream, with the text so far', async (t) => {
    const { time, backend } = backendOf(t, { limits: { totalTimeoutMs: 500 }, scripts: [hangs([text('Once')], [text(' upon')])] });
    const outcome = watch(backend.complete(hello));
    await time.advance(499);
    assert.deepEqual(outcome, {});
    await time.advance(1);
    assert.equal(outcome.failure?.kind, 'timeout');
    assert.equal(outcome.failure.partial, 'Once upon');
    assert.match(outcome.failure.message, /^No complete answer within 500 ms\./);
    assert.deepEqual([time.timers, backend.busy], [0, 0]);
  });

  test('cuts the wait for a place', async (t) => {
    const { time, client, backend } = backendOf(t, { limits: { totalTimeoutMs: 500, maxConcurrent: 1 }, scripts: [hangs()] });
    const first = watch(backend.complete(requestOf('Hello')));
    await time.advance(100);
    const second = watch(backend.complete({ ...hello, timeoutMs: 50 }));
    await time.advance(50);
    assert.equal(second.failure?.kind, 'timeout');
    assert.deepEqual([client.attempts, backend.waiting, first.failure], [1, 0, undefined]);
  });

  test('that would pass before the retry makes it fail at once', async (t) => {
    const { time, client, backend } = backendOf(t, { limits: { retries: 2, totalTimeoutMs: 5000 }, scripts: [fails('overloaded', { retryAfterMs: 5000 })] });
    const outcome = watch(backend.complete(hello));
    await settled();
    assert.equal(outcome.failure?.kind, 'overloaded', 'the failure itself, not a timeout');
    assert.deepEqual([client.attempts, time.timers], [1, 0]);
  });

  test('that leaves time for the retry lets it happen, and counts the time that is gone', async (t) => {
    const slow = fails('overloaded', { retryAfterMs: 2000 }, () => pause(3000));
    const { time, client, backend } = backendOf(t, { limits: { retries: 2, totalTimeoutMs: 5001 }, scripts: [slow, hangs()] });
    const outcome = watch(backend.complete(hello));
    await time.advance(5000);
    assert.equal(client.attempts, 2);
    await time.advance(1);
    assert.equal(outcome.failure?.kind, 'timeout');
  });

  test('that has too little time left for the retry makes it fail at once', async (t) => {
    const slow = fails('overloaded', { retryAfterMs: 2000 }, () => pause(3000));
    const { time, backend } = backendOf(t, { limits: { retries: 2, totalTimeoutMs: 5000 }, scripts: [slow] });
    const outcome = watch(backend.complete(hello));
    await time.advance(3000);
    assert.equal(outcome.failure?.kind, 'overloaded');
  });

  test("of the request holds where it is shorter than the backend's, and the other way round", async (t) => {
    const { time, backend } = backendOf(t, { limits: { totalTimeoutMs: 500, firstTokenTimeoutMs: 0 }, scripts: [hangs()] });
    const hurried = watch(backend.complete({ ...hello, timeoutMs: 100 }));
    const patient = watch(backend.complete({ ...hello, timeoutMs: 10_000 }));
    await time.advance(100);
    assert.match(hurried.failure?.message ?? '', /within 100 ms/);
    await time.advance(400);
    assert.match(patient.failure?.message ?? '', /within 500 ms/);
  });

  test('of 0 is none', async (t) => {
    const limits = { totalTimeoutMs: 0, firstTokenTimeoutMs: 0, idleTimeoutMs: 0 };
    const { time, backend } = backendOf(t, { limits, scripts: [hangs([text('Once')])] });
    const outcome = watch(backend.complete(hello));
    await time.advance(1e9);
    assert.deepEqual(outcome, {});
  });
});

describe('A server that is too slow', () => {
  const limits = { retries: 2, connectTimeoutMs: 10, firstTokenTimeoutMs: 100, idleTimeoutMs: 30 };
  const never: Script = async function* ({ signal }) {
    yield await cancelled(signal);
  };
  const cases: Array<[string, Script, number, RegExp]> = [
    ['to connect', never, 10, /^No connection within 10 ms/],
    ['with its first token', hangs([{ type: 'model', model: 'm' }]), 100, /^No first token within 100 ms/],
    ['with its next token', hangs([text('Once')]), 30, /^No further token within 30 ms/],
  ];
  for (const [what, script, ms, message] of cases) {
    test(`${what} fails by its own timer, is told so, and is not asked again`, async (t) => {
      const { time, client, backend } = backendOf(t, { limits, scripts: [script] });
      const outcome = watch(backend.complete(hello));
      await time.advance(ms - 1);
      assert.deepEqual(outcome, {});
      await time.advance(1);
      assert.equal(outcome.failure?.kind, 'timeout');
      assert.equal(outcome.failure.provider, 'scripted');
      assert.match(outcome.failure.message, message);
      assert.deepEqual([client.attempts, time.timers, backend.busy], [1, 0, 0]);
    });
  }
});
