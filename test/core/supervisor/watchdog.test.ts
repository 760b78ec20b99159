import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { hangs, type WatchdogOptions } from '../../../nodes/core/supervisor/watchdog.ts';
import { FakeTime, settled } from '../../support/fake-time.ts';
import { cancelled } from '../../support/scripted-client.ts';

const options: WatchdogOptions = { everyMs: 10, answerWithinMs: 5, checks: 3, checksInUse: 6 };

type Check = (signal: AbortSignal) => Promise<unknown>;

const answers: Check = () => Promise.resolve('ready');
const refuses: Check = () => Promise.reject(new Error('refused'));

/** A server whose checks are answered in turn; the last answer stays. */
function watch(t: TestContext, checks: [...Check[], Check], isInUse = () => false) {
  const time = new FakeTime(t);
  const stop = new AbortController();
  t.after(() => stop.abort());
  const seen: { checks: number; hangs?: boolean } = { checks: 0 };
  const last = checks[checks.length - 1] as Check;
  void hangs({ check: (signal) => (checks[seen.checks++] ?? last)(signal), isInUse }, options, stop.signal).then((result) => (seen.hangs = result));
  return { time, stop, seen };
}

test('a server that answers does not hang', async (t) => {
  const { time, seen } = watch(t, [answers]);
  await time.advance(1_000);
  assert.deepEqual(seen, { checks: 100 });
});

test('one that leaves its checks without an answer hangs, after so many', async (t) => {
  const { time, seen } = watch(t, [cancelled]);
  await time.advance(3 * 15 - 1);
  assert.deepEqual(seen, { checks: 3 });
  await time.advance(1);
  assert.equal(seen.hangs, true);
  assert.equal(time.timers, 0);
});

test('one whose port is closed, or which answers with failures, hangs as well', async (t) => {
  const { time, seen } = watch(t, [refuses]);
  await time.advance(29);
  assert.equal(seen.hangs, undefined);
  await time.advance(1);
  assert.equal(seen.hangs, true);
});

test('with requests in hand it may be silent for longer; it hangs as soon as these are gone', async (t) => {
  let inUse = true;
  const busy = watch(t, [refuses], () => inUse);
  await busy.time.advance(59);
  assert.equal(busy.seen.hangs, undefined);
  await busy.time.advance(1);
  assert.equal(busy.seen.hangs, true);
  const left = watch(t, [refuses], () => inUse);
  await left.time.advance(45);
  inUse = false;
  await left.time.advance(5);
  assert.equal(left.seen.hangs, true);
});

test('a check that nobody has looked after for long says nothing: it was Node-RED that had no turn', async (t) => {
  const stalled: Check = () => new Promise((_, reject) => void setTimeout(() => reject(new Error('late')), 2 * options.answerWithinMs + 1));
  const { time, seen } = watch(t, [stalled]);
  await time.advance(1_000);
  assert.equal(seen.hangs, undefined);
  assert.ok(seen.checks > 40);
});

test('whatever the answers: it hangs with the first so many failures in a row, and not before', async (t) => {
  const never = new AbortController().signal;
  const time = new FakeTime(t);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), async (script) => {
      const rest = [...script, false, false, false];
      const end = rest.findIndex((_, index) => index > 1 && !rest[index] && !rest[index - 1] && !rest[index - 2]);
      let asked = 0;
      const check: Check = (signal) => (rest[asked++] ? answers : refuses)(signal);
      const result = hangs({ check, isInUse: () => false }, options, never);
      await time.advance(options.everyMs * rest.length);
      assert.deepEqual([await result, asked], [true, end + 1]);
    }),
    { numRuns: 50 },
  );
});

test('it ends at once when it is told to, in a wait and in a check', async (t) => {
  for (const after of [5, 12]) {
    const { time, stop, seen } = watch(t, [cancelled]);
    await time.advance(after);
    stop.abort();
    await settled();
    assert.deepEqual([seen.hangs, time.timers <= 1], [false, true]);
  }
});
