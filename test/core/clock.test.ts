/** The clock of the wall is set, by two hours or a year: what a backend waits for lasts as long as before. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settled } from '../support/fake-time.ts';
import { backendOf, hello, short, watch } from '../support/scripted-backend.ts';
import { answers, fails } from '../support/scripted-client.ts';

const hourMs = 3_600_000;

for (const [how, byMs] of [['two hours back', -2 * hourMs], ['two hours forward', 2 * hourMs], ['a year back', -8_760 * hourMs]] as const) {
  describe(`A clock that is set ${how}`, () => {
    test('leaves the wait for a retry as it is', async (t) => {
      t.mock.method(Math, 'random', () => 0);
      const { time, client, backend } = backendOf(t, { limits: { retries: 1 }, scripts: [fails('overloaded', { retryAfterMs: 5000 }), answers(short)] });
      const outcome = watch(backend.complete(hello));
      await settled();
      time.setClock(byMs);
      await time.advance(4999);
      assert.equal(client.attempts, 1);
      await time.advance(1);
      assert.equal(outcome.completion?.text, 'Hi');
    });

    test('leaves the pause after a rate limit as it is', async (t) => {
      const { time, backend } = backendOf(t, { scripts: [fails('rate_limit', { retryAfterMs: 5000 }), answers(short)] });
      await assert.rejects(backend.complete(hello), { kind: 'rate_limit' });
      time.setClock(byMs);
      await time.advance(4999);
      assert.equal(backend.refusal, 'rate_limit');
      await assert.rejects(backend.complete(hello), { kind: 'rate_limit', retryAfterMs: 1 });
      await time.advance(1);
      assert.equal(backend.refusal, undefined);
      assert.equal((await backend.complete(hello)).text, 'Hi');
    });

    test('leaves an open breaker as it is', async (t) => {
      const { time, backend } = backendOf(t, { limits: { breakerFailures: 1, breakerOpenMs: 5000 }, scripts: [fails('server'), answers(short)] });
      await assert.rejects(backend.complete(hello), { kind: 'server' });
      time.setClock(byMs);
      await time.advance(4999);
      assert.equal(backend.refusal, 'circuit_open');
      await time.advance(1);
      assert.equal((await backend.complete(hello)).text, 'Hi');
    });
  });
}
