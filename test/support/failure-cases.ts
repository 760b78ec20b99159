/** Failed answers and what becomes of them, for the backends that share their transport. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import type { ModelClient } from '../../nodes/core/client.ts';
import type { FailureKind } from '../../nodes/core/errors.ts';
import { backendOf, failureOf, requestOf } from './requests.ts';
import type { Exchange } from './server.ts';

export type OpenClient = (t: TestContext, handle: (exchange: Exchange) => void | Promise<void>, apiKey?: string) => Promise<{ client: ModelClient }>;

export interface FailureCase {
  what: string;
  status: number;
  body: unknown;
  kind: FailureKind;
  retryable: boolean;
  /** What the message and its hint must say. */
  says?: RegExp;
}

export const request = requestOf('What is the canary-prompt?', { model: 'some-model', maxTokens: 10 });

export function testFailures(open: OpenClient, cases: readonly FailureCase[]): void {
  for (const { what, status, body, kind, retryable, says = /\w/ } of cases) {
    it(`takes ${what} (${status}) for ${kind}`, async (t) => {
      const { client } = await open(t, (exchange) => (typeof body === 'string' ? exchange.text(status, body) : exchange.json(status, body)));
      const failure = await failureOf(backendOf(client).complete(request));
      assert.equal(failure.kind, kind);
      assert.equal(failure.status, status);
      assert.equal(failure.retryable, retryable);
      assert.match(failure.message, says);
    });
  }
}

/** `rateLimited` is the body of a rate limit. */
export function testRetryAfter(open: OpenClient, rateLimited: unknown): void {
  const until = new Date(Date.now() + 1_800_000).toUTCString();
  const spellings: Array<[string, Record<string, string>, (ms: number | undefined) => boolean]> = [
    ['seconds', { 'retry-after': '7' }, (ms) => ms === 7000],
    ['parts of seconds', { 'retry-after': '0.25' }, (ms) => ms === 250],
    ['milliseconds', { 'retry-after-ms': '1200', 'retry-after': '2' }, (ms) => ms === 1200],
    ['a date', { 'retry-after': until }, (ms) => ms !== undefined && ms > 1_600_000 && ms <= 1_800_000],
    ['nothing', {}, (ms) => ms === undefined],
    ['nonsense', { 'retry-after': 'soon' }, (ms) => ms === undefined],
  ];
  for (const [spelling, headers, isRight] of spellings) {
    it(`reads how long to wait after a rate limit, given as ${spelling}`, async (t) => {
      const { client } = await open(t, (exchange) => exchange.json(429, rateLimited, headers));
      const failure = await failureOf(backendOf(client).complete(request));
      assert.equal(failure.kind, 'rate_limit');
      assert.equal(failure.retryable, true);
      assert.ok(isRight(failure.retryAfterMs), String(failure.retryAfterMs));
    });
  }

  it('obeys x-should-retry', async (t) => {
    const { client } = await open(t, (exchange) => exchange.json(429, rateLimited, { 'x-should-retry': 'false' }));
    assert.equal((await failureOf(backendOf(client).complete(request))).retryable, false);
  });

  it('asks once more after the pause, where retries are allowed', async (t) => {
    let asked = 0;
    const { client } = await open(t, (exchange) => exchange.json(asked++ === 0 ? 429 : 400, rateLimited, { 'retry-after-ms': '1' }));
    await failureOf(backendOf(client, { retries: 1, retryBaseMs: 0, retryMaxMs: 0 }).complete(request));
    assert.equal(asked, 2);
  });
}

/** `wrap` makes an error's body of a message. */
export function testSecrets(open: OpenClient, apiKey: string, wrap: (message: string) => unknown): void {
  it('never repeats the key, the prompt or the answer, whatever a server says', async (t) => {
    const quotes = [
      (exchange: Exchange) => `Bad: ${JSON.stringify(exchange.request.headers)} ${exchange.request.text}`,
      (exchange: Exchange) => `Nobody knows ${exchange.request.headers.authorization?.split(' ')[1]}.`,
    ];
    for (const status of [302, 400, 401, 402, 403, 404, 413, 422, 429, 500, 503, 529]) {
      for (const quote of quotes) {
        for (const answer of [wrap, (message: string) => message]) {
          const { client } = await open(t, (exchange) => exchange.json(status, answer(quote(exchange))), apiKey);
          const failure = await failureOf(backendOf(client).complete(request));
          const told = JSON.stringify([failure, failure.message, failure.stack, failure.hint, failure.cause]);
          assert.doesNotMatch(told, /canary/, String(status));
        }
      }
    }
  });
}
