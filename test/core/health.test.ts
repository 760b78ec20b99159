import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { HealthState } from '../../nodes/core/events.ts';
import { HealthMonitor } from '../../nodes/core/health.ts';
import { FakeTime, settled } from '../support/fake-time.ts';
import { cancelled } from '../support/scripted-client.ts';

type Check = (signal: AbortSignal) => Promise<HealthState>;

/** A monitor whose checks are answered in turn; the last answer stays. */
function monitorOf(t: TestContext, checks: [...Check[], Check], intervalMs = 1000) {
  const time = new FakeTime(t);
  const changes: HealthState[] = [];
  const seen = { checks: 0 };
  const last = checks[checks.length - 1] as Check;
  const monitor = new HealthMonitor({
    intervalMs,
    check: (signal) => (checks[seen.checks++] ?? last)(signal),
    onChange: (state) => changes.push(state),
  });
  t.after(() => monitor.stop());
  return { time, monitor, changes, seen };
}

const ready: Check = () => Promise.resolve('ready');
const loading: Check = () => Promise.resolve('loading');
const down: Check = () => Promise.reject(new Error('refused'));

test('it asks at once, then on the interval, and tells of changes only', async (t) => {
  const { time, monitor, changes, seen } = monitorOf(t, [down, down, loading, ready, ready]);
  const heard: HealthState[] = [];
  monitor.subscribe((state) => heard.push(state));
  assert.equal(monitor.state, 'unknown');
  await settled();
  assert.deepEqual([seen.checks, monitor.state], [1, 'down']);
  await time.advance(999);
  assert.equal(seen.checks, 1);
  await time.advance(3001);
  assert.equal(seen.checks, 5);
  assert.deepEqual(changes, ['down', 'loading', 'ready']);
  assert.deepEqual(heard, changes);
});

test('a check that throws at once counts as down too', async (t) => {
  const { monitor } = monitorOf(t, [
    () => {
      throw new Error('odd');
    },
  ]);
  await settled();
  assert.equal(monitor.state, 'down');
});

test('a check that takes too long is cancelled and counts as down', async (t) => {
  const { time, monitor, seen } = monitorOf(t, [cancelled, ready]);
  await time.advance(4999);
  assert.deepEqual([monitor.state, seen.checks], ['unknown', 1]);
  await time.advance(1);
  assert.equal(monitor.state, 'down');
  await time.advance(1000);
  assert.deepEqual([monitor.state, seen.checks], ['ready', 2]);
});

test('checks do not pile up while one is slow', async (t) => {
  const { time, seen } = monitorOf(t, [cancelled]);
  await time.advance(4999);
  assert.equal(seen.checks, 1);
});

test('an interval of 0 switches it off', async (t) => {
  const { time, monitor, seen } = monitorOf(t, [ready], 0);
  await time.advance(1e6);
  assert.deepEqual([monitor.state, seen.checks, time.timers], ['unknown', 0, 0]);
});

test('once stopped it cancels its check, asks no more and tells nobody', async (t) => {
  let aborted = false;
  const slow: Check = (signal) => cancelled(signal).finally(() => (aborted = true));
  const { time, monitor, changes, seen } = monitorOf(t, [ready, slow]);
  await time.advance(1000);
  monitor.subscribe(() => assert.fail('It was told.'));
  monitor.stop();
  await settled();
  assert.equal(aborted, true);
  await time.advance(1e6);
  assert.deepEqual([seen.checks, changes], [2, ['ready']]);
});

test('once stopped between two checks it leaves no timer behind', async (t) => {
  const { time, monitor } = monitorOf(t, [ready], 60_000);
  await time.advance(30_000);
  assert.equal(time.timers, 1);
  monitor.stop();
  await settled();
  assert.equal(time.timers, 0);
});

test('who has unsubscribed is told no more', async (t) => {
  const { time, monitor } = monitorOf(t, [ready, down]);
  const heard: HealthState[] = [];
  const end = monitor.subscribe((state) => heard.push(state));
  await settled();
  end();
  await time.advance(1000);
  assert.deepEqual([heard, monitor.state], [['ready'], 'down']);
});

test('what is known otherwise holds at once, and an older answer does not overtake it', async () => {
  const { promise, resolve } = Promise.withResolvers<'ready'>();
  const states: string[] = [];
  const monitor = new HealthMonitor({ intervalMs: 60_000, check: () => promise, onChange: (state) => states.push(state) });
  monitor.report('down');
  assert.equal(monitor.state, 'down');
  resolve('ready');
  await new Promise(setImmediate);
  assert.deepEqual([monitor.state, states], ['down', ['down']]);
  monitor.stop();
});
