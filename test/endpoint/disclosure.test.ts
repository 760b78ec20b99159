import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FailureKind, LlmError } from '../../nodes/core/errors.ts';
import { Disclosure } from '../../nodes/endpoint/disclosure.ts';
import { Refusal } from '../../nodes/endpoint/status.ts';

const secret = 'Nothing listens on http://10.0.0.5:8080.';
const attempts = [{ backend: 'gpu-2', outcome: 'failed' as const, error: 'unavailable' as const, ms: 3 }];
const failing = (kind: FailureKind) => new LlmError(kind, secret, { hint: 'Start it.', retryAfterMs: 5, attempts });

describe('An endpoint that tells of its backends', () => {
  const open = new Disclosure(true);

  it('gives the failure as it is, with what was tried', () => {
    const failure = failing('unavailable');
    assert.equal(open.failure(failure), failure);
    assert.deepEqual(open.ofFailure(failure), { attempts });
    assert.equal(open.ofFailure(new LlmError('shed', 'x')), undefined);
  });
});

describe('An endpoint that does not', () => {
  const closed = new Disclosure(false);

  it('names neither addresses nor what was tried, but the kind and when to try again', () => {
    for (const kind of ['unavailable', 'auth', 'quota', 'server', 'overloaded', 'circuit_open', 'timeout', 'rate_limit', 'not_found', 'interrupted', 'out_of_memory'] as const) {
      const told = closed.failure(failing(kind));
      assert.doesNotMatch(told.message, /10\.0\.0\.5|Start it/, kind);
      assert.deepEqual([told.kind, told.retryAfterMs, told.cause.attempts], [kind, 5, undefined]);
    }
    assert.equal(closed.ofFailure(failing('unavailable')), undefined);
  });

  it('names no provider where that refuses the request', () => {
    for (const kind of ['invalid_request', 'context_length', 'content_filter'] as const) {
      const told = closed.failure(new LlmError(kind, 'OpenAI refused the request (400): max_tokens.', { status: 400, provider: 'openai', hint: 'Look at OpenAI.', attempts }));
      assert.doesNotMatch(JSON.stringify([told.message, told.cause]), /OpenAI|400|attempts|openai/, kind);
      assert.equal(told.kind, kind);
    }
  });

  it('leaves what is wrong with the request itself as it is', () => {
    for (const failure of [new LlmError('invalid_request', 'n must be 1.'), new LlmError('context_length', 'Too long.'), new Refusal(401, 'auth', 'The key is wrong.'), new Refusal(503, 'unavailable', 'No flow.')]) {
      assert.equal(closed.failure(failure), failure);
    }
  });
});
