import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Usage } from '../../nodes/core/completion.ts';
import { type FailureKind, failureKinds, LlmError } from '../../nodes/core/errors.ts';
import { bus, type EventName, type LlmEvents } from '../../nodes/core/events.ts';
import { settled } from '../support/fake-time.ts';
import { requestOf } from '../support/requests.ts';
import { backendOf, cancel, hello, identity, listen, pause, short, watch } from '../support/scripted-backend.ts';
import { answers, breaks, fails, finish, hangs, text } from '../support/scripted-client.ts';

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
    const cost = { usd: 3, inputUsd: 1, outputUsd: 2 };
    const { time, backend } = backendOf(t, {
      limits: { retries: 1 },
      scripts: [fails('overloaded'), answers([{ type: 'model', model: 'large-2' }], [text('Hi')], [{ type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } }, finish])],
      cost: () => cost,
    });
    watch(backend.complete(requestOf('Hello', { model: 'large' })));
    await time.advance(10_000);
    const about = { requestId: events[0]?.['requestId'], backend: identity, provider: 'scripted', model: 'large', operation: 'chat' };
    assert.match(String(about.requestId), /./);
    const answered = { ...about, model: 'large-2', requestedModel: 'large' };
    const usage = { inputTokens: 1, outputTokens: 1, estimated: false };
    const [, , retry, , , last] = events;
    assert.deepEqual(
      events.map((event) => ({ ...event, ms: 0 })),
      [
        { name: 'request', ...about, ms: 0 },
        { name: 'attempt', ...about, requestedModel: 'large', number: 1, outcome: 'failed', error: 'overloaded', ms: 0 },
        { name: 'retry', ...about, error: 'overloaded', delayMs: retry?.['delayMs'], ms: 0 },
        { name: 'firstToken', ...about, ms: 0 },
        { name: 'attempt', ...answered, number: 2, outcome: 'ok', ms: 0, usage, cost },
        { name: 'completion', ...answered, finishReason: 'stop', usage, cost, timing: last?.['timing'], attempts: 2, ms: 0 },
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

  test('hears what an attempt cost that broke off', async (t) => {
    const events = listen(t);
    const { backend } = backendOf(t, { scripts: [breaks('server', [text('Once upon')])], cost: ({ outputTokens }) => ({ usd: outputTokens, inputUsd: 0, outputUsd: outputTokens }) });
    await assert.rejects(backend.complete(hello));
    const { usage, cost } = events.find(({ name }) => name === 'attempt') as unknown as LlmEvents['attempt'];
    assert.ok(usage && usage.outputTokens > 0);
    assert.equal(cost?.usd, usage.outputTokens);
  });

  test('hears how long a request waited that failed', async (t) => {
    const events = listen(t);
    const { time, backend } = backendOf(t, { limits: { maxConcurrent: 1, totalTimeoutMs: 300 }, scripts: [hangs()] });
    watch(backend.complete(hello));
    await time.advance(100);
    watch(backend.complete(hello));
    await time.advance(1000);
    const waits = events.filter(({ name }) => name === 'failure').map(({ queuedMs }) => queuedMs);
    assert.deepEqual(waits, [0, 200]);
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
      fails('invalid_request', { partial: 'canary' }),
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
