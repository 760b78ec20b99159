import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Polling } from '../../../nodes/insight/sidebar/view/polling.ts';
import { FakeTime, settled } from '../../support/fake-time.ts';

/** What happens is written down with the time at which it does. */
function pollingOf(t: TestContext) {
  const time = new FakeTime(t);
  const start = time.now;
  const events: string[] = [];
  const told = (what: string) => events.push(`${time.now - start} ${what}`);
  const state = { isWanted: true, answer: () => Promise.resolve() };
  const polling = new Polling({
    everyMs: 500,
    mostMs: 3_000,
    isWanted: () => state.isWanted,
    ask: () => {
      told('asks');
      return state.answer();
    },
    failed: (error) => error !== undefined && told(String(error)),
    resumed: () => told('resumes'),
  });
  return { time, polling, state, take: () => events.splice(0) };
}

test('It asks at once, then each half second', async (t) => {
  const { time, polling, take } = pollingOf(t);
  polling.wake();
  await time.advance(1_200);
  assert.deepEqual(take(), ['0 resumes', '0 asks', '500 asks', '1000 asks']);
});

test('It never asks twice at a time, and at once where an answer took long', async (t) => {
  const { time, polling, state, take } = pollingOf(t);
  const answer = Promise.withResolvers<void>();
  state.answer = () => answer.promise;
  polling.wake();
  polling.wake();
  await time.advance(2_000);
  assert.deepEqual(take(), ['0 resumes', '0 asks']);
  answer.resolve();
  await time.advance(1);
  assert.deepEqual(take(), ['2001 asks']);
});

test('It asks nothing and no timer runs while nobody looks, and begins anew', async (t) => {
  const { time, polling, state, take } = pollingOf(t);
  state.isWanted = false;
  polling.wake();
  await time.advance(1_000);
  assert.deepEqual([take(), time.timers], [[], 0]);
  state.isWanted = true;
  polling.wake();
  await settled();
  state.isWanted = false;
  await time.advance(5_000);
  assert.deepEqual([take(), time.timers], [['1000 resumes', '1000 asks'], 0]);
  state.isWanted = true;
  polling.wake();
  assert.deepEqual(take(), ['6000 resumes', '6000 asks']);
  await settled();
});

test('After failures it asks slower and slower, begins anew, and is fast again with the first answer', async (t) => {
  const { time, polling, state, take } = pollingOf(t);
  state.answer = () => Promise.reject(new Error('gone'));
  polling.wake();
  await time.advance(8_000);
  const times = [0, 1_000, 3_000, 6_000];
  assert.deepEqual(take(), times.flatMap((at) => [`${at} resumes`, `${at} asks`, `${at} Error: gone`]));
  state.answer = () => Promise.resolve();
  await time.advance(1_600);
  assert.deepEqual(take(), ['9000 resumes', '9000 asks', '9500 asks']);
});

test('Who wants an answer now gets it, and the rhythm goes on from there', async (t) => {
  const { time, polling, take } = pollingOf(t);
  polling.wake();
  await time.advance(200);
  polling.wake();
  await time.advance(500);
  assert.deepEqual(take(), ['0 resumes', '0 asks', '200 asks', '700 asks']);
});
