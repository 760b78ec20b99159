import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import type { StreamPart, TokenSink, Usage } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { bus } from '../../nodes/core/events.ts';
import { settled } from '../support/fake-time.ts';
import { backendOf, cancel, hello, listen, pause, short, watch, type Setup } from '../support/scripted-backend.ts';
import { answers, cancelled, fails, finish, hangs, type Script, text } from '../support/scripted-client.ts';

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
    assert.equal(holder.failure?.message, cancel.message);
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
    assert.equal(outcome.failure?.message, cancel.message);
    assert.deepEqual(outcome.failure.cause.attempts?.map(({ error }) => error), ['overloaded']);
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
  test('gets each piece as it comes, from the first token on, and with that one what came before it', async (t) => {
    const pieces = [[{ type: 'model', model: 'm' }], [], [text('Once')], [text(' upon'), finish]] as const;
    const { backend } = backendOf(t, { scripts: [answers(...pieces)] });
    const written: Array<readonly StreamPart[]> = [];
    await backend.complete(hello, { sink: { write: (parts) => void written.push(parts) } });
    assert.deepEqual(written, [[...pieces[0], ...pieces[2]], pieces[3]]);
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
