import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Breaker } from '../../nodes/core/breaker.ts';
import { type FailureKind, failureKinds, LlmError, policyFor } from '../../nodes/core/errors.ts';
import type { BreakerState } from '../../nodes/core/events.ts';
import { FakeTime } from '../support/fake-time.ts';

function failing(kind: FailureKind) {
  return () => Promise.reject(new LlmError(kind, 'Failed.'));
}

const succeeding = () => Promise.resolve('answer');

function breakerOf(t: TestContext, failures = 3) {
  const time = new FakeTime(t);
  const changes: BreakerState[] = [];
  const breaker = new Breaker({ failures, openMs: 1000, provider: 'x', onChange: (state) => changes.push(state) });
  const fail = (kind: FailureKind = 'server') => assert.rejects(breaker.execute(failing(kind)), { kind });
  /** As many failures as open it. */
  const open = async () => {
    for (let count = 0; count < failures; count++) await fail();
  };
  return { time, breaker, changes, fail, open };
}

const refused = { kind: 'circuit_open', provider: 'x' };

test('it opens after so many failures in a row, and not before', async (t) => {
  const { breaker, changes, fail } = breakerOf(t);
  await fail();
  await fail();
  assert.equal(await breaker.execute(succeeding), 'answer');
  await fail();
  await fail();
  assert.equal(breaker.state, 'closed');
  await fail();
  assert.equal(breaker.state, 'open');
  assert.deepEqual(changes, ['open']);
});

test('while it is open it refuses without an attempt, and says for how long', async (t) => {
  const { time, breaker, open } = breakerOf(t);
  await open();
  await time.advance(400);
  await assert.rejects(breaker.execute(() => assert.fail('It was tried.')), { ...refused, retryAfterMs: 600 });
  assert.equal(breaker.remainingMs, 600);
});

test('only failures of the kinds that tell of an ill backend count', async () => {
  for (const kind of failureKinds) {
    const breaker = new Breaker({ failures: 1, openMs: 1000, provider: 'x', onChange: () => undefined });
    await assert.rejects(breaker.execute(failing(kind)), { kind });
    assert.equal(breaker.state, policyFor(kind).tripsBreaker ? 'open' : 'closed', kind);
  }
});

test('an unexpected error counts', async () => {
  const breaker = new Breaker({ failures: 1, openMs: 1000, provider: 'x', onChange: () => undefined });
  await assert.rejects(breaker.execute(() => Promise.reject(new TypeError('odd'))), TypeError);
  assert.equal(breaker.state, 'open');
});

test('after a while it lets one request through and refuses the others until that one has ended', async (t) => {
  const { time, breaker, changes, open } = breakerOf(t);
  await open();
  await time.advance(1000);
  const { promise, resolve } = Promise.withResolvers<string>();
  const probe = breaker.execute(() => promise);
  assert.equal(breaker.state, 'half_open');
  await assert.rejects(breaker.execute(() => assert.fail('It was tried.')), { ...refused, retryAfterMs: 0 });
  resolve('answer');
  assert.equal(await probe, 'answer');
  assert.equal(await breaker.execute(succeeding), 'answer');
  assert.deepEqual(changes, ['open', 'half_open', 'closed']);
});

test('after it has closed it takes as many failures as before to open it', async (t) => {
  const { time, breaker, fail, open } = breakerOf(t);
  await open();
  await time.advance(1000);
  await breaker.execute(succeeding);
  await fail();
  await fail();
  assert.equal(breaker.state, 'closed');
  await fail();
  assert.equal(breaker.state, 'open');
});

test('one failure of the probe opens it again for the whole time', async (t) => {
  const { time, breaker, changes, open, fail } = breakerOf(t);
  await open();
  await time.advance(1000);
  await fail('overloaded');
  assert.deepEqual(changes, ['open', 'half_open', 'open']);
  await time.advance(999);
  await assert.rejects(breaker.execute(succeeding), { ...refused, retryAfterMs: 1 });
  await time.advance(1);
  assert.equal(await breaker.execute(succeeding), 'answer');
});

test('a probe that fails for another reason shows that the backend is there', async (t) => {
  const { time, breaker, open, fail } = breakerOf(t);
  await open();
  await time.advance(1000);
  await fail('invalid_request');
  assert.equal(breaker.state, 'closed');
});

test('a cancelled probe proves nothing: it stays open', async (t) => {
  const { time, breaker, open, fail } = breakerOf(t);
  await open();
  await time.advance(1000);
  await fail('cancelled');
  assert.equal(breaker.state, 'open');
  await assert.rejects(breaker.execute(succeeding), refused);
});

for (const kind of ['cancelled', 'timeout'] as const) {
  test(`an older request that ends by ${kind} during the probe does not spoil it`, async (t) => {
    const { time, breaker, open } = breakerOf(t);
    const older = Promise.withResolvers<string>();
    const ended = assert.rejects(breaker.execute(() => older.promise), { kind });
    await open();
    await time.advance(1000);
    const probe = Promise.withResolvers<string>();
    const answer = breaker.execute(() => probe.promise);
    older.reject(new LlmError(kind, 'Too late.'));
    await ended;
    assert.equal(breaker.state, 'half_open');
    probe.resolve('answer');
    await answer;
    assert.equal(breaker.state, 'closed');
  });
}

test('requests from before that fail while it is open do not lengthen the pause', async (t) => {
  const { time, breaker, open } = breakerOf(t);
  const older = Promise.withResolvers<string>();
  const late = assert.rejects(breaker.execute(() => older.promise), { kind: 'server' });
  await open();
  await time.advance(900);
  older.reject(new LlmError('server', 'Failed.'));
  await late;
  assert.equal(breaker.remainingMs, 100);
});

for (const hours of [2, -2]) {
  test(`the clock of the wall, set by ${hours} hours, makes its time neither longer nor shorter`, async (t) => {
    const { time, breaker, open } = breakerOf(t);
    await open();
    time.setClock(hours * 3_600_000);
    await time.advance(999);
    await assert.rejects(breaker.execute(succeeding), { ...refused, retryAfterMs: 1 });
    await time.advance(1);
    assert.equal(await breaker.execute(succeeding), 'answer');
  });
}

test('with 0 failures it is off', async (t) => {
  const { breaker, changes, fail } = breakerOf(t, 0);
  for (let count = 0; count < 100; count++) await fail();
  assert.equal(await breaker.execute(succeeding), 'answer');
  assert.deepEqual([breaker.state, breaker.remainingMs, changes], ['closed', 0, []]);
});

for (const failures of [3, 0]) {
  test(`opened by hand it stays open until it is reset, with ${failures || 'no'} failures to open it`, async (t) => {
    const { time, breaker, changes } = breakerOf(t, failures);
    breaker.trip();
    breaker.trip();
    assert.deepEqual([breaker.state, breaker.isTripped, breaker.isRefusing], ['open', true, true]);
    await time.advance(1_000_000);
    await assert.rejects(breaker.execute(() => assert.fail('It was tried.')), { ...refused, retryAfterMs: undefined, hint: /^Reset/ });
    breaker.reset();
    assert.equal(await breaker.execute(succeeding), 'answer');
    assert.deepEqual([breaker.isTripped, changes], [false, ['open', 'closed']]);
  });
}

test('a reset closes it after failures too, and begins to count anew', async (t) => {
  const { breaker, changes, fail, open } = breakerOf(t);
  await open();
  breaker.reset();
  await fail();
  await fail();
  assert.equal(breaker.state, 'closed');
  await fail();
  assert.deepEqual(changes, ['open', 'closed', 'open']);
});

test('what began before a reset counts no more', async (t) => {
  const { breaker } = breakerOf(t, 1);
  const { promise, reject } = Promise.withResolvers<never>();
  const late = assert.rejects(breaker.execute(() => promise), { kind: 'server' });
  breaker.reset();
  reject(new LlmError('server', 'Failed.'));
  await late;
  assert.equal(breaker.state, 'closed');
});
