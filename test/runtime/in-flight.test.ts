import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../nodes/core/errors.ts';
import { InFlight } from '../../nodes/runtime/in-flight.ts';
import { FakeTime, settled } from '../support/fake-time.ts';
import { cancelled } from '../support/scripted-client.ts';

function inFlightOf(t: TestContext, settings: object = {}) {
  const time = new FakeTime(t);
  return { time, inFlight: new InFlight({ settings } as NodeAPI) };
}

/** Whether a promise has resolved, to be looked at while it goes on. */
function watch(promise: Promise<unknown>): { over: boolean } {
  const state = { over: false };
  promise.then(
    () => (state.over = true),
    () => (state.over = true),
  );
  return state;
}

const forever = ({ signal }: AbortController) => cancelled(signal);

test('the outcome of a request is handed on', async (t) => {
  const { inFlight } = inFlightOf(t);
  assert.equal(await inFlight.run(() => Promise.resolve('answer')), 'answer');
  await assert.rejects(inFlight.run(() => Promise.reject(new Error('failed'))), /failed/);
});

test('a request is cancelled with the one that it belongs to, for the same reason', async (t) => {
  const { inFlight } = inFlightOf(t);
  const outer = new AbortController();
  const rejected = assert.rejects(inFlight.run(forever, outer.signal), { kind: 'timeout', message: 'Too late.' });
  const other = watch(inFlight.run(forever));
  outer.abort(new LlmError('timeout', 'Too late.'));
  await rejected;
  assert.deepEqual([other.over, inFlight.size], [false, 1]);
  assert.equal(getEventListeners(outer.signal, 'abort').length, 0);
});

test('a request that is over leaves nothing behind at the one that it belongs to', async (t) => {
  const { inFlight } = inFlightOf(t);
  const { signal } = new AbortController();
  await inFlight.run(() => Promise.resolve(), signal);
  await inFlight.run(() => Promise.reject(new Error('failed')), signal).catch(() => undefined);
  assert.deepEqual([getEventListeners(signal, 'abort').length, inFlight.size], [0, 0]);
});

test('what works on a request can end it alone', async (t) => {
  const { inFlight } = inFlightOf(t);
  const outer = new AbortController();
  const work = (controller: AbortController) => {
    controller.abort(new LlmError('timeout', 'Its own time.'));
    return forever(controller);
  };
  await assert.rejects(inFlight.run(work, outer.signal), { message: 'Its own time.' });
  assert.equal(outer.signal.aborted, false);
});

test('with nothing under way there is nothing to wait for', async (t) => {
  const { time, inFlight } = inFlightOf(t);
  await inFlight.run(() => Promise.reject(new Error('failed'))).catch(() => undefined);
  await inFlight.drain();
  assert.equal(time.timers, 0);
});

test('draining waits for the last request, and takes its timer along', async (t) => {
  const { time, inFlight } = inFlightOf(t);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  for (const gate of gates) void inFlight.run(() => gate.promise);
  const drained = watch(inFlight.drain());
  gates[0]?.resolve();
  await settled();
  assert.equal(drained.over, false);
  gates[1]?.resolve();
  await settled();
  assert.deepEqual([drained.over, time.timers], [true, 0]);
});

test('what lasts longer than the drain time is cancelled', async (t) => {
  const { time, inFlight } = inFlightOf(t);
  const requests = [inFlight.run(forever), inFlight.run(forever)];
  const rejected = requests.map((request) => assert.rejects(request, { kind: 'cancelled', message: /deployed anew or stopped/ }));
  const drained = watch(inFlight.drain());
  await time.advance(13_999);
  assert.equal(drained.over, false);
  await time.advance(1);
  await Promise.all(rejected);
  assert.equal(drained.over, true);
});

test('a message that is delivered after that is cancelled at once', async (t) => {
  const { time, inFlight } = inFlightOf(t);
  const gate = Promise.withResolvers<void>();
  void inFlight.run(() => gate.promise);
  const drained = watch(inFlight.drain());
  await time.advance(14_000);
  await assert.rejects(inFlight.run(forever), { kind: 'cancelled' });
  gate.resolve();
  await settled();
  assert.equal(drained.over, true);
});

test("the drain time is Node-RED's setting, where that is one", async (t) => {
  const { time } = inFlightOf(t);
  const drainTimes: Array<[object, number]> = [
    [{ llm: { drainMs: 50 } }, 50],
    [{ llm: { drainMs: 0 } }, 1],
    [{ llm: { drainMs: -1 } }, 14_000],
    [{ llm: { drainMs: 'long' } }, 14_000],
    [{ llm: null }, 14_000],
    [{}, 14_000],
    // What Node-RED gives its nodes, less what it takes to end them.
    [{ nodeCloseTimeout: 5_000 }, 4_000],
    [{ nodeCloseTimeout: 1_000 }, 500],
    [{ nodeCloseTimeout: 5_000, llm: { drainMs: 20 } }, 20],
  ];
  for (const [settings, ms] of drainTimes) {
    const inFlight = new InFlight({ settings } as NodeAPI);
    const request = watch(inFlight.run(forever));
    const drained = watch(inFlight.drain());
    await time.advance(ms - 1);
    assert.deepEqual([request.over, drained.over], [false, false], JSON.stringify(settings));
    await time.advance(1);
    assert.deepEqual([request.over, drained.over], [true, true], JSON.stringify(settings));
  }
});
