import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { classifyNetworkError, networkCode } from '../../nodes/core/classify.ts';
import type { LlmError } from '../../nodes/core/errors.ts';
import { ModelServer } from '../../nodes/core/model-server.ts';
import { startServer } from '../support/server.ts';

const provider = { id: 'llamacpp', label: 'llama.cpp', url: 'http://canary-host.test:8080', startHint: 'Start llama-server.' };

/** What a model server that is asked there fails with. */
async function failureAt(url: string): Promise<LlmError> {
  const server = new ModelServer({ ...provider, url }, 'canary-key');
  try {
    return await server.post('/v1/chat/completions', { prompt: 'canary prompt' }, { signal: new AbortController().signal }).then(
      () => assert.fail('It answered.'),
      (error: LlmError) => error,
    );
  } finally {
    await server.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

test('where nothing listens the hint says so, and what to start', async () => {
  const port = await freePort();
  const failure = await failureAt(`http://127.0.0.1:${port}`);
  assert.equal(failure.kind, 'unavailable');
  assert.equal(failure.message, `llama.cpp cannot be reached (ECONNREFUSED). Nothing listens on http://127.0.0.1:${port}. Start llama-server.`);
});

test('a name with two addresses where nothing listens is refused as well', async () => {
  const failure = await failureAt(`http://localhost:${await freePort()}`);
  assert.equal(failure.kind, 'unavailable');
  assert.match(failure.message, /ECONNREFUSED.*Nothing listens/);
});

test('a server that closes the connection before it answers is unavailable', async () => {
  const server = await startServer((exchange) => exchange.reset());
  const failure = await failureAt(server.url);
  await server.close();
  assert.equal(failure.kind, 'unavailable');
  assert.match(failure.hint ?? '', /closed before an answer came/);
});

test('https where plain http is spoken is found out', async () => {
  const server = await startServer((exchange) => exchange.json(200, {}));
  const failure = await failureAt(server.url.replace('http:', 'https:'));
  await server.close();
  assert.equal(failure.kind, 'unavailable');
  assert.match(failure.hint ?? '', /does not speak TLS: use http:\/\//);
});

test('each system and TLS code has the hint that fits', () => {
  const hints: Array<[string, RegExp]> = [
    ['ECONNREFUSED', /Nothing listens on http:\/\/canary-host.test:8080\. Start llama-server\./],
    ['ENOTFOUND', /name canary-host.test:8080 cannot be resolved/],
    ['EAI_AGAIN', /cannot be resolved/],
    ['ECONNRESET', /closed before an answer/],
    ['UND_ERR_SOCKET', /closed before an answer/],
    ['EHOSTUNREACH', /no way to canary-host/],
    ['ETIMEDOUT', /no way to canary-host/],
    ['CERT_HAS_EXPIRED', /has expired/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /NODE_EXTRA_CA_CERTS/],
    ['HPE_INVALID_CONSTANT', /can be reached from this machine/],
  ];
  for (const [code, hint] of hints) {
    const failure = classifyNetworkError(Object.assign(new Error('canary'), { code }), provider);
    assert.equal(failure.kind, 'unavailable', code);
    assert.equal(failure.provider, 'llamacpp');
    assert.match(failure.message, new RegExp(`\\(${code}\\)`));
    assert.match(failure.hint ?? '', hint, code);
  }
  assert.equal(classifyNetworkError({ code: 'UND_ERR_CONNECT_TIMEOUT' }, provider).kind, 'timeout');
});

test('the code is found in the causes of an error and in the errors of an aggregate', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  assert.equal(networkCode(refused), 'ECONNREFUSED');
  assert.equal(networkCode(new TypeError('fetch failed', { cause: refused })), 'ECONNREFUSED');
  assert.equal(networkCode(new TypeError('fetch failed', { cause: new AggregateError([refused, new Error('other')]) })), 'ECONNREFUSED');
});

test('an error without a code, or with a cause that leads to itself, ends the search', () => {
  const circle = new Error('circle');
  circle.cause = circle;
  for (const error of [circle, new Error('plain'), 'text', undefined]) assert.equal(networkCode(error), 'connection failed');
});

test('a network failure repeats nothing of the error, its prompt or its key', async () => {
  const thrown = Object.assign(new Error('canary-message'), { code: 'ECONNRESET', cause: new Error('canary-cause') });
  const { host } = new URL(provider.url);
  for (const failure of [classifyNetworkError(thrown, provider), await failureAt(`http://127.0.0.1:${await freePort()}`)]) {
    const text = `${failure.message}${failure.stack}${JSON.stringify(failure.cause)}`.replaceAll(host, '');
    assert.doesNotMatch(text, /canary/);
  }
});
