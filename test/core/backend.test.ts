import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import { Backend, type BackendOptions } from '../../nodes/core/backend.ts';
import type { Completion, StreamPart, TokenSink, Usage } from '../../nodes/core/completion.ts';
import { type FailureKind, failureKinds, LlmError } from '../../nodes/core/errors.ts';
import { bus, type EventName } from '../../nodes/core/events.ts';
import { defaultLimits, type Limits } from '../../nodes/core/limits.ts';
import { FakeTime, settled } from '../support/fake-time.ts';
import { requestOf } from '../support/requests.ts';
import { answers, cancelled, fails, finish, hangs, type Script, ScriptedClient, text } from '../support/scripted-client.ts';

const identity = { id: 'b1', name: 'Backend', type: 'llm-scripted' };
const hello = requestOf('Hello');
const short = [text('Hi'), finish];

interface Setup extends Partial<Omit<BackendOptions, 'limits' | 'client'>> {
  limits?: Partial<Limits>;
  scripts: Script[];
}

/** A backend under a clock of the test's own. Without the limits that a test is not about: no retries, no breaker. */
function backendOf(t: TestContext, { limits, scripts, ...options }: Setup) {
  const time = new FakeTime(t);
  const client = new ScriptedClient(...scripts);
  const backend = new Backend({
    identity,
    client,
    model: 'small',
    ...options,
    limits: { ...defaultLimits, retries: 0, breakerFailures: 0, ...limits },
  });
  return { time, client, backend };
}

/** Everything that happens on the bus while the test runs. */
function listen(t: TestContext): Array<{ name: EventName } & Record<string, unknown>> {
  const events: Array<{ name: EventName } & Record<string, unknown>> = [];
  const names: EventName[] = ['request', 'attempt', 'firstToken', 'retry', 'completion', 'failure', 'breaker', 'health'];
  for (const name of names) t.after(bus.on(name, (event) => events.push({ name, ...event })));
  return events;
}

interface Outcome {
  completion?: Completion;
  failure?: LlmError;
}

/** What becomes of a promise, to be looked at while it goes on. */
function watch(promise: Promise<Completion>): Outcome {
  const outcome: Outcome = {};
  promise.then(
    (completion) => (outcome.completion = completion),
    (failure: LlmError) => (outcome.failure = failure),
  );
  return outcome;
}

/** By the clock of the test. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

const cancel = new LlmError('cancelled', 'The caller went away.');

describe('A completion', () => {
  test('has the whole answer, who gave it, what it took and what it cost', async (t) => {
    const usage: Usage = { inputTokens: 3, outputTokens: 4, estimated: false };
    const priced: unknown[] = [];
    const { time, backend } = backendOf(t, {
      scripts: [
        async function* ({ onConnected }) {
          onConnected();
          yield [{ type: 'model', model: 'small-2' }];
          await pause(100);
          yield [text('Hello')];
          await pause(400);
          yield [text(' there'), { type: 'logprobs', logprobs: { a: 1 } }];
          yield [{ type: 'usage', usage }, finish];
        },
      ],
      cost: (...given) => {
        priced.push(given);
        return { usd: 3, inputUsd: 1, outputUsd: 2 };
      },
    });
    const outcome = watch(backend.complete(hello));
    await time.advance(500);
    assert.deepEqual(outcome.completion, {
      text: 'Hello there',
      message: { role: 'assistant', content: 'Hello there' },
      finishReason: 'stop',
      provider: 'scripted',
      model: 'small-2',
      backend: identity,
      usage,
      cost: { usd: 3, inputUsd: 1, outputUsd: 2 },
      timing: { queuedMs: 0, firstTokenMs: 100, totalMs: 500, tokensPerSecond: 10 },
      attempts: [{ backend: 'Backend', outcome: 'ok', ms: 500 }],
      logprobs: [{ a: 1 }],
    });
    assert.deepEqual(priced, [[usage, 'small-2']]);
  });

  test("uses the request's model, else the node's", async (t) => {
    const { client, backend } = backendOf(t, { scripts: [answers(short)] });
    assert.equal((await backend.complete(hello)).model, 'small');
    assert.equal((await backend.complete(requestOf('Hello', { model: 'large' }))).model, 'large');
    assert.deepEqual(client.requests.map(({ model }) => model), ['small', 'large']);
    assert.equal(hello.model, undefined, 'the request itself is not changed');
  });

  test('says when its usage is an estimate, and has no cost where nobody knows it', async (t) => {
    const { backend } = backendOf(t, { scripts: [answers(short)], cost: () => undefined });
    const completion = await backend.complete(hello);
    assert.equal(completion.usage.estimated, true);
    assert.ok(completion.usage.inputTokens > 0);
    assert.equal('cost' in completion, false);
  });

  test('without a word has no time to the first token', async (t) => {
    const { backend } = backendOf(t, { scripts: [answers([finish])] });
    const { text: said, timing } = await backend.complete(hello);
    assert.deepEqual([said, timing], ['', { queuedMs: 0, totalMs: 0 }]);
  });

  test('keeps its own copy of who gave it', async (t) => {
    const { backend } = backendOf(t, { scripts: [answers(short)] });
    (await backend.complete(hello)).backend.name = 'changed';
    assert.equal((await backend.complete(hello)).backend.name, 'Backend');
  });
});

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

describe('A cancelled request', () => {
  function cancellable(t: TestContext, setup: Setup) {
    const controller = new AbortController();
    const { signal } = controller;
    t.after(() => assert.deepEqual(getEventListeners(signal, 'abort'), [], 'nobody listens to the caller any more'));
    return { ...backendOf(t, setup), signal, abort: (reason: unknown = cancel) => controller.abort(reason) };
  }

  test('before it starts makes no attempt', async (t) => {
    const { client, backend, signal, abort } = cancellable(t, { scripts: [answers(short)] });
    abort();
    await assert.rejects(backend.complete(hello, { signal }), cancel);
    assert.deepEqual([client.attempts, backend.busy], [0, 0]);
  });

  test('in the queue leaves it', async (t) => {
    const { time, backend, signal, abort } = cancellable(t, { limits: { maxConcurrent: 1 }, scripts: [hangs()] });
    const first = new AbortController();
    const holder = watch(backend.complete(hello, { signal: first.signal }));
    const outcome = watch(backend.complete(hello, { signal }));
    assert.equal(backend.waiting, 1);
    abort();
    await settled();
    assert.equal(outcome.failure, cancel);
    assert.deepEqual([backend.waiting, holder.failure], [0, undefined]);
    first.abort(cancel);
    await settled();
    assert.deepEqual([backend.busy, time.timers], [0, 0]);
  });

  test('in the moment in which it gets a place makes no attempt and gives the place on', async (t) => {
    const { client, backend, signal, abort } = cancellable(t, { limits: { maxConcurrent: 1 }, scripts: [hangs(), answers(short)] });
    const first = new AbortController();
    const holder = watch(backend.complete(hello, { signal: first.signal }));
    const outcome = watch(backend.complete(hello, { signal }));
    const third = watch(backend.complete(hello));
    await settled();
    // The first has just given its place to the second when it is told of.
    t.after(bus.on('failure', () => abort()));
    first.abort(cancel);
    await settled();
    assert.equal(holder.failure, cancel);
    assert.equal(outcome.failure, cancel);
    assert.equal(third.completion?.text, 'Hi');
    assert.deepEqual([client.attempts, backend.busy], [2, 0]);
  });

  test('between two attempts makes no further one', async (t) => {
    const { time, client, backend, signal, abort } = cancellable(t, { limits: { retries: 5 }, scripts: [fails('overloaded', { retryAfterMs: 5000 })] });
    const outcome = watch(backend.complete(hello, { signal }));
    await time.advance(1000);
    abort();
    await settled();
    assert.equal(outcome.failure, cancel);
    assert.deepEqual([client.attempts, time.timers, backend.busy], [1, 0, 0]);
  });

  test('in the stream fails with the text so far, and is recorded with its usage', async (t) => {
    const events = listen(t);
    const { time, backend, signal, abort } = cancellable(t, { limits: { retries: 2 }, scripts: [hangs([text('Once upon')])] });
    const outcome = watch(backend.complete(hello, { signal }));
    await time.advance(100);
    abort();
    await settled();
    assert.equal(outcome.failure?.kind, 'cancelled');
    assert.equal(outcome.failure.partial, 'Once upon');
    const attempt = events.find(({ name }) => name === 'attempt');
    assert.equal(attempt?.['outcome'], 'cancelled');
    assert.ok((attempt['usage'] as Usage).outputTokens > 0);
    assert.deepEqual([time.timers, backend.busy], [0, 0]);
  });

  test("reaches a client's stream that is between two pieces", async (t) => {
    let closed = false;
    const endless: Script = async function* ({ onConnected }) {
      onConnected();
      try {
        for (;;) {
          await settled();
          yield [text('word ')];
        }
      } finally {
        closed = true;
      }
    };
    const { backend, signal, abort } = cancellable(t, { scripts: [endless] });
    const sink: TokenSink = { write: () => abort() };
    await assert.rejects(backend.complete(hello, { signal, sink }), { kind: 'cancelled', partial: 'word ' });
    assert.equal(closed, true);
  });

  test('fails with the reason of the cancel, whatever the client makes of it', async (t) => {
    const own: Script = async function* ({ signal }) {
      yield [text('Once')];
      await cancelled(signal).catch(() => {
        throw new DOMException('Request was aborted.', 'AbortError');
      });
    };
    const { backend, signal, abort } = cancellable(t, { limits: { retries: 2 }, scripts: [own] });
    const outcome = watch(backend.complete(hello, { signal }));
    await settled();
    abort();
    await settled();
    assert.deepEqual([outcome.failure?.kind, outcome.failure?.message], ['cancelled', cancel.message]);
  });

  test('is cancelled, even by who reads its last piece', async (t) => {
    const { backend, signal, abort } = cancellable(t, { scripts: [answers(short)] });
    await assert.rejects(backend.complete(hello, { signal, sink: { write: () => abort() } }), { kind: 'cancelled', partial: 'Hi' });
  });

  test('that is not cancelled after all leaves nothing with its caller', async (t) => {
    const { backend, signal } = cancellable(t, { scripts: [answers(short), fails('auth')] });
    await backend.complete(hello, { signal });
    await assert.rejects(backend.complete(hello, { signal }), { kind: 'auth' });
  });

  test('for a reason of the caller is cancelled all the same', async (t) => {
    const { backend } = backendOf(t, { scripts: [hangs()] });
    for (const reason of [undefined, new Error('canary'), 'canary', new LlmError('timeout', 'Too late for the stage.')]) {
      const controller = new AbortController();
      const outcome = watch(backend.complete(hello, { signal: controller.signal }));
      await settled();
      controller.abort(reason);
      await settled();
      assert.equal(outcome.failure?.kind, reason instanceof LlmError ? 'timeout' : 'cancelled');
      assert.doesNotMatch(outcome.failure.message, /canary/);
    }
  });
});

describe('A stream', () => {
  test('that breaks after the first token is interrupted, with the text so far', async (t) => {
    const { backend } = backendOf(t, { limits: { retries: 2 }, scripts: [answers([text('Once')], [text(' upon')])] });
    await assert.rejects(backend.complete(hello), { kind: 'interrupted', partial: 'Once upon', provider: 'scripted', message: /broke off in the middle/ });
  });

  test('whose connection is lost after the first token is interrupted, not unavailable', async (t) => {
    const lost: Script = async function* () {
      yield [text('Once')];
      throw new LlmError('unavailable', 'Lost.');
    };
    const { backend } = backendOf(t, { scripts: [lost] });
    await assert.rejects(backend.complete(hello), { kind: 'interrupted', partial: 'Once' });
  });

  test('that ends before the first token without a reason is a failed server, and retried', async (t) => {
    const { time, backend } = backendOf(t, { limits: { retries: 1 }, scripts: [answers([{ type: 'model', model: 'm' }]), answers(short)] });
    const outcome = watch(backend.complete(hello));
    await time.advance(10_000);
    assert.deepEqual(outcome.completion?.attempts.map(({ error }) => error), ['server', undefined]);
  });

  test('that fails after the first token keeps its kind', async (t) => {
    const garbled: Script = async function* () {
      yield [text('Once')];
      throw new LlmError('out_of_memory', 'Full.', { hint: 'Smaller.', status: 500 });
    };
    const { backend } = backendOf(t, { scripts: [garbled] });
    await assert.rejects(backend.complete(hello), { kind: 'out_of_memory', partial: 'Once', status: 500, message: 'Full. Smaller.' });
  });

  test('that a filter ends before the first token fails; after it, it is an answer that says so', async (t) => {
    const filtered: StreamPart = { type: 'finish', reason: 'content_filter' };
    const { backend } = backendOf(t, { scripts: [answers([filtered]), answers([text('Once')], [filtered])] });
    await assert.rejects(backend.complete(hello), { kind: 'content_filter' });
    const { text: said, finishReason } = await backend.complete(hello);
    assert.deepEqual([said, finishReason], ['Once', 'content_filter']);
  });
});

describe('A sink', () => {
  test('gets each piece as it comes, from the first token on', async (t) => {
    const pieces = [[{ type: 'model', model: 'm' }], [], [text('Once')], [text(' upon'), finish]] as const;
    const { backend } = backendOf(t, { scripts: [answers(...pieces)] });
    const written: Array<readonly StreamPart[]> = [];
    await backend.complete(hello, { sink: { write: (parts) => void written.push(parts) } });
    assert.deepEqual(written, [pieces[2], pieces[3]]);
  });

  test('that is slow holds the provider back, at no cost of its time between tokens', async (t) => {
    let taken = 0;
    const counting: Script = async function* () {
      for (const piece of [[text('a')], [text('b')], [text('c'), finish]]) {
        taken++;
        yield piece;
      }
    };
    const { time, backend } = backendOf(t, { limits: { idleTimeoutMs: 30 }, scripts: [counting] });
    let release = () => {};
    const sink: TokenSink = { write: () => new Promise((resolve) => (release = resolve)) };
    const outcome = watch(backend.complete(hello, { sink }));
    for (const expected of [1, 2, 3]) {
      await time.advance(1000);
      assert.equal(taken, expected);
      release();
    }
    await settled();
    assert.equal(outcome.completion?.text, 'abc');
    assert.equal(time.timers, 0);
  });

  test('that was slow gives the server its whole time between tokens again', async (t) => {
    const { time, backend } = backendOf(t, { limits: { idleTimeoutMs: 30 }, scripts: [hangs([text('a')])] });
    const outcome = watch(backend.complete(hello, { sink: { write: () => pause(1000) } }));
    await time.advance(1029);
    assert.deepEqual(outcome, {});
    await time.advance(1);
    assert.match(outcome.failure?.message ?? '', /^No further token within 30 ms/);
  });

  test('that is slow again and again leaves nothing with the signal', async (t) => {
    const listeners: number[] = [];
    const counting: Script = async function* ({ signal }) {
      for (let count = 0; count < 20; count++) {
        yield [text('word ')];
        listeners.push(getEventListeners(signal, 'abort').length);
      }
      yield [finish];
    };
    const { backend } = backendOf(t, { scripts: [counting] });
    await backend.complete(hello, { sink: { write: () => Promise.resolve() } });
    assert.deepEqual(new Set(listeners), new Set([0]));
  });

  test('that never ends does not outlive the request', async (t) => {
    const { time, backend } = backendOf(t, { limits: { totalTimeoutMs: 500 }, scripts: [answers([text('Once')], short)] });
    const outcome = watch(backend.complete(hello, { sink: { write: () => new Promise(() => {}) } }));
    await time.advance(500);
    assert.equal(outcome.failure?.kind, 'timeout');
    assert.deepEqual([time.timers, backend.busy], [0, 0]);
  });

  test('that cancels the request while it holds it back ends it', async (t) => {
    const controller = new AbortController();
    const { backend } = backendOf(t, { scripts: [answers([text('Once')], short)] });
    const sink: TokenSink = {
      write: () => {
        controller.abort(cancel);
        return new Promise(() => {});
      },
    };
    await assert.rejects(backend.complete(hello, { sink, signal: controller.signal }), { kind: 'cancelled' });
  });

  test('that fails ends the request with its own failure, also when the request has ended before', async (t) => {
    const gone = new LlmError('cancelled', 'The reader hung up.');
    const { backend } = backendOf(t, { scripts: [answers([text('Once')], short)] });
    await assert.rejects(backend.complete(hello, { sink: { write: () => Promise.reject(gone) } }), { kind: 'cancelled', message: 'The reader hung up.' });
    const controller = new AbortController();
    const { promise, reject } = Promise.withResolvers<void>();
    const outcome = watch(backend.complete(hello, { sink: { write: () => promise }, signal: controller.signal }));
    await settled();
    controller.abort(cancel);
    reject(gone);
    await settled();
    assert.equal(outcome.failure?.message, cancel.message);
  });
});

describe('The limits of a backend', () => {
  test('let so many requests run, so many wait, and shed the rest', async (t) => {
    const { time, client, backend } = backendOf(t, { limits: { maxConcurrent: 2, maxQueued: 1 }, scripts: [hangs(), hangs(), answers(short)] });
    const stop = new AbortController();
    const running = [watch(backend.complete(hello, { signal: stop.signal })), watch(backend.complete(hello))];
    const waiting = watch(backend.complete(hello));
    await assert.rejects(backend.complete(hello), { kind: 'shed' });
    assert.deepEqual([backend.busy, backend.waiting, client.attempts], [2, 1, 2]);
    await time.advance(200);
    stop.abort(cancel);
    await settled();
    assert.equal(waiting.completion?.text, 'Hi');
    assert.equal(waiting.completion.timing.queuedMs, 200);
    assert.equal(waiting.completion.timing.totalMs, 200);
    assert.deepEqual(running.map(({ failure }) => failure?.kind), ['cancelled', undefined]);
  });

  test('let those who wait go by priority', async (t) => {
    const { client, backend } = backendOf(t, { limits: { maxConcurrent: 1 }, scripts: [hangs(), answers(short)] });
    const stop = new AbortController();
    watch(backend.complete(hello, { signal: stop.signal }));
    const priorities = [0, 2, 1, 2, -1];
    for (const [index, priority] of priorities.entries()) watch(backend.complete(requestOf(`${priority} ${index}`, { priority })));
    await settled();
    stop.abort(cancel);
    await settled();
    const order = client.requests.slice(1).map(({ messages }) => messages[0]?.content);
    assert.deepEqual(order, ['2 1', '2 3', '1 2', '0 0', '-1 4']);
  });
});

describe('The breaker of a backend', () => {
  const limits = { breakerFailures: 2, breakerOpenMs: 1000 };

  test('opens, lets one request probe, and closes; the node and the bus are told', async (t) => {
    const events = listen(t);
    const told: string[] = [];
    const scripts = [fails('server'), fails('server'), answers(short)];
    const { time, client, backend } = backendOf(t, { limits, scripts, onBreaker: (state) => told.push(state) });
    await assert.rejects(backend.complete(hello), { kind: 'server' });
    await assert.rejects(backend.complete(hello), { kind: 'server' });
    assert.equal(backend.breakerState, 'open');
    await assert.rejects(backend.complete(hello), { kind: 'circuit_open', retryAfterMs: 1000 });
    assert.equal(client.attempts, 2);
    await time.advance(1000);
    assert.equal((await backend.complete(hello)).text, 'Hi');
    assert.deepEqual(told, ['open', 'half_open', 'closed']);
    const states = events.filter(({ name }) => name === 'breaker');
    assert.deepEqual(states, told.map((state) => ({ name: 'breaker', backend: identity, provider: 'scripted', state })));
  });

  test('that opens during a request ends its retries with the failure itself', async (t) => {
    const { time, client, backend } = backendOf(t, { limits: { ...limits, retries: 5, retryMaxMs: 500 }, scripts: [fails('server')] });
    const outcome = watch(backend.complete(hello));
    await time.advance(10_000);
    assert.equal(outcome.failure?.kind, 'server');
    assert.equal(client.attempts, 2);
  });

  test('counts a request that its deadline ends, and none that its caller cancels', async (t) => {
    const { time, backend } = backendOf(t, { limits: { ...limits, breakerFailures: 1, totalTimeoutMs: 500 }, scripts: [hangs([text('Once')])] });
    const controller = new AbortController();
    watch(backend.complete(hello, { signal: controller.signal }));
    await settled();
    controller.abort(cancel);
    await settled();
    assert.equal(backend.breakerState, 'closed');
    watch(backend.complete(hello));
    await time.advance(500);
    assert.equal(backend.breakerState, 'open');
  });

  test('takes no wait for a place for a failure of the backend', async (t) => {
    const { time, backend } = backendOf(t, { limits: { ...limits, breakerFailures: 1, maxConcurrent: 1, firstTokenTimeoutMs: 0 }, scripts: [hangs()] });
    watch(backend.complete(hello));
    const outcome = watch(backend.complete({ ...hello, timeoutMs: 100 }));
    await time.advance(100);
    assert.equal(outcome.failure?.kind, 'timeout');
    assert.equal(backend.breakerState, 'closed');
  });
});

describe('The bus', () => {
  test('hears of a request in order, each event with the same id', async (t) => {
    const events = listen(t);
    const { time, backend } = backendOf(t, { limits: { retries: 1 }, scripts: [fails('overloaded'), answers([text('Hi')], [{ type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } }, finish])] });
    watch(backend.complete(requestOf('Hello', { model: 'large' })));
    await time.advance(10_000);
    const about = { requestId: events[0]?.['requestId'], backend: identity, provider: 'scripted', model: 'large' };
    assert.match(String(about.requestId), /./);
    const usage = { inputTokens: 1, outputTokens: 1, estimated: false };
    const [, , retry, , , last] = events;
    assert.deepEqual(
      events.map((event) => ({ ...event, ms: 0 })),
      [
        { name: 'request', ...about, ms: 0 },
        { name: 'attempt', ...about, number: 1, outcome: 'failed', error: 'overloaded', ms: 0 },
        { name: 'retry', ...about, error: 'overloaded', delayMs: retry?.['delayMs'], ms: 0 },
        { name: 'firstToken', ...about, ms: 0 },
        { name: 'attempt', ...about, number: 2, outcome: 'ok', ms: 0, usage },
        { name: 'completion', ...about, usage, timing: last?.['timing'], attempts: 2, ms: 0 },
      ],
    );
  });

  test('hears of a failure, with its status', async (t) => {
    const events = listen(t);
    const { backend } = backendOf(t, { scripts: [fails('auth', { status: 401 })] });
    await assert.rejects(backend.complete(hello));
    assert.deepEqual(events.map(({ name, error, status, attempts }) => [name, error, status, attempts]), [
      ['request', undefined, undefined, undefined],
      ['attempt', 'auth', undefined, undefined],
      ['failure', 'auth', 401, 1],
    ]);
  });

  test('hears of each request by an id of its own', async (t) => {
    const events = listen(t);
    const { backend } = backendOf(t, { scripts: [answers(short)] });
    for (let count = 0; count < 100; count++) await backend.complete(hello);
    assert.equal(new Set(events.map(({ requestId }) => requestId)).size, 100);
  });

  test('hears nothing of prompts, answers and what providers say', async (t) => {
    const events = listen(t);
    const scripts = [
      answers([text('canary answer'), { type: 'thinking', text: 'canary' }, finish]),
      answers([text('canary answer')]),
      fails('invalid_request', { hint: 'canary', partial: 'canary' }),
    ];
    const { backend } = backendOf(t, { scripts });
    const request = requestOf('canary prompt', { extra: { canary: 1 }, session: 'canary', stop: 'canary' });
    await backend.complete(request);
    await assert.rejects(backend.complete(request));
    await assert.rejects(backend.complete(request));
    assert.ok(events.length >= 9);
    assert.doesNotMatch(JSON.stringify(events), /canary/);
  });

  test('disturbs no request by a listener that fails', async (t) => {
    t.after(() => bus.reportTo(() => undefined));
    const reported: unknown[] = [];
    bus.reportTo((error) => reported.push(error));
    for (const name of ['request', 'attempt', 'firstToken', 'completion'] satisfies EventName[]) {
      t.after(
        bus.on(name, () => {
          throw new Error(name);
        }),
      );
    }
    const { backend } = backendOf(t, { scripts: [answers(short)] });
    assert.equal((await backend.complete(hello)).text, 'Hi');
    assert.deepEqual(reported.map((error) => (error as Error).message), ['request', 'firstToken', 'attempt', 'completion']);
  });
});

test('every failure is an LlmError of a kind that the request can have', async (t) => {
  const kinds = new Set<FailureKind>();
  const { backend } = backendOf(t, { scripts: failureKinds.map((kind) => fails(kind)) });
  for (const _ of failureKinds) await backend.complete(hello).catch((error: LlmError) => kinds.add(error.kind));
  assert.deepEqual([...kinds], failureKinds);
});
