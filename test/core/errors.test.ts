import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FailureKind, failureKinds, LlmError, policyFor, toLlmError } from '../../nodes/core/errors.ts';

test('every kind leads to what the design says: retry here, trip the breaker, try the next branch', () => {
  const table: Record<FailureKind, string> = {
    auth: '--N',
    quota: '--N',
    rate_limit: 'R-N',
    overloaded: 'RTN',
    unavailable: 'RTN',
    timeout: '-TN',
    server: 'RTN',
    out_of_memory: '-TN',
    interrupted: '-TN',
    context_length: '--N',
    not_found: '--N',
    invalid_request: '---',
    content_filter: '---',
    shed: '--N',
    circuit_open: '--N',
    budget: '--N',
    misconfigured: '--N',
    cancelled: '---',
  };
  for (const kind of failureKinds) {
    const { retry, tripsBreaker, nextBranch } = policyFor(kind);
    assert.equal(`${retry ? 'R' : '-'}${tripsBreaker ? 'T' : '-'}${nextBranch ? 'N' : '-'}`, table[kind], kind);
    assert.equal(new LlmError(kind, 'Failed.').retryable, retry, kind);
  }
});

test('a failure carries its facts as plain data in its cause and its kind as its own code, which is what Catch nodes see', () => {
  const error = new LlmError('rate_limit', 'Slow down.', { status: 429, provider: 'openai', retryAfterMs: 2000, hint: 'Wait.', partial: undefined });
  assert.deepEqual(error.cause, { kind: 'rate_limit', status: 429, provider: 'openai', retryAfterMs: 2000, hint: 'Wait.' });
  assert.deepEqual(JSON.parse(JSON.stringify(error.cause)), error.cause);
  for (const name of ['code', 'cause', 'stack']) assert.ok(Object.hasOwn(error, name), name);
  assert.equal(error.code, 'rate_limit');
  assert.equal(String(error), 'Slow down. Wait.');
});

test('the stack is the sentence, for Node-RED logs it', () => {
  assert.equal(new LlmError('auth', 'Refused.', { hint: 'Check the key.' }).stack, 'Refused. Check the key.');
});

test("the provider's word on retrying wins over the kind", () => {
  assert.equal(new LlmError('rate_limit', 'No.', { retryable: false }).retryable, false);
  assert.equal(new LlmError('auth', 'No.', { retryable: true }).retryable, true);
});

test('with() adds facts and keeps the others, the message and its hint', () => {
  const error = new LlmError('timeout', 'Too late.', { hint: 'Wait longer.', status: 504 }).with({ provider: 'vllm', partial: 'Once' });
  assert.equal(error.message, 'Too late. Wait longer.');
  assert.deepEqual(error.cause, { kind: 'timeout', status: 504, hint: 'Wait longer.', provider: 'vllm', partial: 'Once' });
  assert.equal(error.partial, 'Once');
});

test('with() replaces a hint and takes nothing away', () => {
  const error = new LlmError('timeout', 'Too late.', { hint: 'Wait longer.', status: 504 });
  assert.equal(error.with({ hint: 'Give up.' }).message, 'Too late. Give up.');
  assert.equal(error.with({ status: undefined }).status, 504);
  assert.equal(new LlmError('timeout', 'Too late.').with({ hint: 'Wait.' }).message, 'Too late. Wait.');
});

test('what is not ours becomes a failure that repeats nothing of it', () => {
  const canary = 'canary prompt and sk-canary-key';
  for (const thrown of [new TypeError(canary), canary, { message: canary }, undefined, null]) {
    const failure = toLlmError(thrown, 'openai');
    assert.equal(failure.kind, 'server');
    assert.equal(failure.provider, 'openai');
    assert.doesNotMatch(JSON.stringify(failure.cause) + failure.message + failure.stack, /canary/);
  }
  const own = new LlmError('auth', 'Refused.');
  assert.equal(toLlmError(own), own);
});
