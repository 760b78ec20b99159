import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type LlmError } from '../../nodes/core/errors.ts';
import { defaultLimits, type Limits } from '../../nodes/core/limits.ts';
import { AttemptTimers } from '../../nodes/core/timers.ts';
import { FakeTime } from '../support/fake-time.ts';

const limits = { ...defaultLimits, connectTimeoutMs: 10, firstTokenTimeoutMs: 100, idleTimeoutMs: 30 };

function timersOf(t: TestContext, given: Limits = limits) {
  const time = new FakeTime(t);
  const expired: LlmError[] = [];
  const timers = new AttemptTimers(given, (error) => expired.push(error));
  const messages = () => expired.map(({ message }) => message.split('.')[0]);
  return { time, timers, expired, messages };
}

test('the connection has its time from the start', async (t) => {
  const { time, expired, messages } = timersOf(t);
  await time.advance(9);
  assert.deepEqual(messages(), []);
  await time.advance(1);
  assert.deepEqual(messages(), ['No connection within 10 ms']);
  assert.equal(expired[0]?.kind, 'timeout');
  assert.match(expired[0]?.hint ?? '', /address/);
});

test('the first token has its time from the connection on', async (t) => {
  const { time, timers, messages } = timersOf(t);
  await time.advance(9);
  timers.connected();
  await time.advance(99);
  assert.deepEqual(messages(), []);
  await time.advance(1);
  assert.deepEqual(messages(), ['No first token within 100 ms']);
});

test('each token starts the time for the next', async (t) => {
  const { time, timers, messages } = timersOf(t);
  timers.connected();
  timers.token(true);
  for (let count = 0; count < 5; count++) {
    await time.advance(29);
    timers.token(false);
  }
  await time.advance(29);
  assert.deepEqual(messages(), []);
  await time.advance(1);
  assert.deepEqual(messages(), ['No further token within 30 ms']);
});

test('while the reader is slow no time passes for the server; afterwards it has the whole time again', async (t) => {
  const { time, timers, messages } = timersOf(t);
  timers.connected();
  timers.token(true);
  await time.advance(29);
  timers.pause();
  await time.advance(10_000);
  timers.resume();
  await time.advance(29);
  assert.deepEqual(messages(), []);
  await time.advance(1);
  assert.deepEqual(messages(), ['No further token within 30 ms']);
});

test('a limit of 0 switches its timer off', async (t) => {
  const { time, timers, messages } = timersOf(t, { ...limits, connectTimeoutMs: 0, firstTokenTimeoutMs: 0, idleTimeoutMs: 0 });
  await time.advance(1e6);
  timers.connected();
  await time.advance(1e6);
  timers.token(true);
  timers.token(false);
  await time.advance(1e6);
  assert.deepEqual([messages(), time.timers], [[], 0]);
});

test('a timer that is off does not keep the one before it going', async (t) => {
  const { time, timers, messages } = timersOf(t, { ...limits, idleTimeoutMs: 0 });
  timers.connected();
  timers.token(true);
  timers.token(false);
  await time.advance(1e6);
  assert.deepEqual(messages(), []);
});

test('once stopped, no timer is left', async (t) => {
  const { time, timers } = timersOf(t);
  timers.connected();
  timers.token(true);
  timers.stop();
  assert.equal(time.timers, 0);
});
