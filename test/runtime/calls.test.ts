import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { StreamPart, TokenSink } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { type Call, calls, type Frame, type LlmMessage, type Outcome, topFrame, withoutFrames } from '../../nodes/runtime/calls.ts';
import { settled } from '../support/fake-time.ts';
import { text } from '../support/scripted-client.ts';

const gone = new LlmError('cancelled', 'Gone.');

function answer(payload: string): Outcome {
  return { ok: true, msg: { _msgid: 'm', payload } };
}

/** What an outcome is, in a word. */
function wordOf(outcome: Outcome): unknown {
  return outcome.ok ? outcome.msg.payload : outcome.failure.message;
}

/** A call of a test, with all that may be done to it. */
function openCall({ sink, isLost = () => false }: { sink?: TokenSink; isLost?: () => boolean } = {}) {
  const controller = new AbortController();
  const msg: LlmMessage = { _msgid: 'm' };
  const { frame, outcome } = calls.open('stage', { msg, signal: controller.signal, sink, deadline: 7, isLost });
  return { controller, msg, frame, outcome, call: calls.find(frame) as Call, listeners: () => getEventListeners(controller.signal, 'abort').length };
}

/** Writes down what is written. */
function reader(): { seen: string[]; sink: TokenSink } {
  const seen: string[] = [];
  const write = (parts: readonly StreamPart[]) => void seen.push(...parts.map((part) => (part.type === 'text' ? part.text : part.type)));
  return { seen, sink: { write, restart: () => void seen.push('restart') } };
}

describe('A call', () => {
  test('is found by its frame until its outcome is there', async () => {
    const { call, frame, msg, outcome } = openCall();
    assert.deepEqual([frame.stage, call.msg, call.deadline, calls.size], ['stage', msg, 7, 1]);
    calls.settle(frame, answer('Hello'));
    assert.equal(wordOf(await outcome), 'Hello');
    assert.deepEqual([calls.find(frame), calls.size], [undefined, 0]);
  });

  test('has a frame of its own, that travels as plain data', () => {
    const [one, two] = [openCall(), openCall()];
    assert.notEqual(one.frame.call, two.frame.call);
    assert.deepEqual(structuredClone(one.frame), one.frame);
    for (const { controller } of [one, two]) controller.abort(gone);
  });

  test('ends with its signal, whose reason is the failure', async () => {
    const { controller, outcome, frame } = openCall();
    controller.abort(gone);
    assert.deepEqual([await outcome, calls.find(frame)], [{ ok: false, failure: gone }, undefined]);
  });

  test('that is opened with a signal that has aborted is over at once', async () => {
    const { outcome } = calls.open('stage', { msg: { _msgid: 'm' }, signal: AbortSignal.abort(gone), sink: undefined, deadline: 0, isLost: () => false });
    assert.deepEqual([await outcome, calls.size], [{ ok: false, failure: gone }, 0]);
  });

  test('drops and counts what comes after its outcome', async () => {
    const { frame, outcome } = openCall();
    const before = calls.dropped;
    for (const payload of ['first', 'second', 'third']) calls.settle(frame, answer(payload));
    assert.deepEqual([wordOf(await outcome), calls.dropped - before], ['first', 2]);
  });
});

function isWorker(frame: Frame): frame is Required<Frame> {
  return frame.worker !== undefined;
}

const steps = fc.array(fc.record({ what: fc.constantFrom('enter', 'leave', 'abort', 'settle', 'write', 'restart'), by: fc.nat(3) }), { maxLength: 30 });

test('Whatever is done to a call in whatever order: one outcome, of one whom the reader heard; no listener and no token after it', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (todo) => {
      const { seen, sink } = reader();
      const { call, controller, frame, outcome, listeners } = openCall({ sink });
      const before = calls.dropped;
      const workers: Frame[] = [frame];
      // What ought to come of it.
      const expected = { outcome: undefined as string | undefined, heard: undefined as Frame | undefined, seen: [] as string[], dropped: 0 };
      const isHeard = (worker: Frame) => expected.heard === undefined || expected.heard === worker;
      for (const [at, { what, by }] of [...todo, { what: 'abort', by: 0 }].entries()) {
        const worker = workers[by % workers.length] as Frame;
        const word = `${what} ${at}`;
        switch (what) {
          case 'enter':
            workers.push(call.enter());
            break;
          case 'leave':
            if (isWorker(worker)) call.leave(worker);
            break;
          case 'abort':
            controller.abort(gone);
            expected.outcome ??= gone.message;
            break;
          case 'settle':
            calls.settle(worker, answer(word));
            if (expected.outcome === undefined && isHeard(worker)) expected.outcome = word;
            else expected.dropped++;
            break;
          default:
            // A worker has a number; foreign nodes write nothing.
            if (!isWorker(worker)) break;
            if (what === 'write') await call.sinkFor(worker)?.write([text(word)]);
            else await call.sinkFor(worker)?.restart?.();
            if (expected.outcome !== undefined || !isHeard(worker)) break;
            expected.heard = worker;
            expected.seen.push(what === 'write' ? word : 'restart');
        }
        const isOpen = expected.outcome === undefined;
        assert.deepEqual([listeners(), calls.find(frame)], isOpen ? [1, call] : [0, undefined]);
      }
      assert.equal(wordOf(await outcome), expected.outcome);
      assert.deepEqual([seen, calls.dropped - before], [expected.seen, expected.dropped]);
    }),
    { numRuns: 300 },
  );
});

describe('The sink of a call', () => {
  test('is there where somebody reads along, and can restart where the reader can', () => {
    const { sink } = reader();
    const [none, some, whole] = [openCall(), openCall({ sink: { write: () => undefined } }), openCall({ sink })];
    assert.equal(none.call.sinkFor(none.call.enter()), undefined);
    assert.deepEqual(Object.keys(some.call.sinkFor(some.call.enter()) ?? {}), ['write']);
    assert.deepEqual(Object.keys(whole.call.sinkFor(whole.call.enter()) ?? {}), ['write', 'restart']);
    for (const { controller } of [none, some, whole]) controller.abort(gone);
  });

  test('holds back who writes until the reader is ready, and nobody else', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { call, controller } = openCall({ sink: { write: () => promise } });
    const heard = Promise.resolve(call.sinkFor(call.enter())?.write([text('a')])).then(() => 'heard');
    const unheard = Promise.resolve(call.sinkFor(call.enter())?.write([text('b')])).then(() => 'unheard');
    assert.equal(await Promise.race([heard, unheard]), 'unheard');
    resolve();
    assert.equal(await heard, 'heard');
    controller.abort(gone);
  });
});

describe('A deploy', () => {
  async function afterDeploy(t: TestContext, isGone: boolean, work: (call: Call) => void) {
    const { call, controller, outcome } = openCall({ isLost: () => isGone });
    t.after(() => controller.abort(gone));
    work(call);
    calls.failLost();
    return Promise.race([outcome, settled().then(() => undefined)]);
  }

  test('that took away the nodes of the branch fails the call', async (t) => {
    const outcome = await afterDeploy(t, true, () => undefined);
    assert.ok(outcome && !outcome.ok);
    assert.deepEqual([outcome.failure.kind, outcome.failure.hint], ['unavailable', 'Send the request again.']);
  });

  test('fails a call whose backend has handed its message on', async (t) => {
    const outcome = await afterDeploy(t, true, (call) => {
      call.leave(call.enter());
    });
    assert.equal(outcome?.ok, false);
  });

  test('leaves a call alone that a backend still works on: that one drains', async (t) => {
    assert.equal(await afterDeploy(t, true, (call) => void call.enter()), undefined);
  });

  test('leaves a call alone whose nodes still run', async (t) => {
    assert.equal(await afterDeploy(t, false, () => undefined), undefined);
  });
});

describe('The frames of a message', () => {
  test('have the innermost last', () => {
    const [outer, inner] = [openCall(), openCall()];
    assert.equal(topFrame({ _msgid: 'm', _llmCalls: [outer.frame, inner.frame] }), inner.frame);
    for (const { controller } of [outer, inner]) controller.abort(gone);
  });

  test('are none where somebody has put something else there', () => {
    for (const frames of [undefined, null, 7, 'frames', {}, [], [null], ['x'], [{}], [{ stage: 1, call: '2' }], [{ stage: 'a' }], [{ stage: 'a', call: '1' }]]) {
      assert.equal(topFrame({ _msgid: 'm', _llmCalls: frames } as LlmMessage), undefined);
    }
  });

  test('can be taken off', () => {
    assert.deepEqual(withoutFrames({ _msgid: 'm', payload: 'Hello', _llmCalls: [] }), { _msgid: 'm', payload: 'Hello' });
  });
});
