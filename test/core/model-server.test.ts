import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyFor } from '../../nodes/core/errors.ts';
import { ModelServer } from '../../nodes/core/model-server.ts';
import { failureOf } from '../support/requests.ts';
import { startServer } from '../support/server.ts';

test('A server that redirects is told as what it is, and trips nothing', async (t) => {
  for (const status of [301, 302, 307, 308]) {
    const redirecting = await startServer((exchange) => exchange.text(status, 'moved', { location: 'http://127.0.0.1:1/elsewhere' }));
    t.after(() => redirecting.close());
    const server = new ModelServer({ id: 'llamacpp', label: 'llama.cpp', url: redirecting.url }, undefined);
    t.after(() => server.close());
    for (const asked of [server.get('/health', { signal: t.signal }), server.post('/v1/chat/completions', {}, { signal: t.signal })]) {
      const failure = await failureOf(asked);
      assert.deepEqual([failure.kind, failure.status, policyFor(failure.kind).tripsBreaker], ['not_found', status, false]);
      assert.match(failure.message, /^llama\.cpp sends to another address/);
    }
  }
});
