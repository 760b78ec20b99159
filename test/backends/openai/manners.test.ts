import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpenAiAccount } from '../../../nodes/backends/openai/account.ts';
import { OpenAiClient } from '../../../nodes/backends/openai/client.ts';
import { cleanEnvironment, setVariable } from '../../support/environment.ts';
import { collect, failureOf, requestOf } from '../../support/requests.ts';
import { type Exchange, startServer } from '../../support/server.ts';
import { hello, openAt } from './subject.ts';

cleanEnvironment();

const unsupported = (param: string, other: string) => ({
  error: {
    message: `Unsupported parameter: '${param}' is not supported with this model. Use '${other}' instead.`,
    type: 'invalid_request_error',
    param,
    code: 'unsupported_parameter',
  },
});

/** Refuses bodies that have a field. */
function refusing(field: string, status: number, body: unknown) {
  return (exchange: Exchange) => (field in exchange.request.json ? exchange.json(status, body) : hello(exchange));
}

const limited = requestOf('x', { model: 'some-model', maxTokens: 64 });

describe('A server that refuses stream_options', () => {
  const refusal = { error: { message: 'Unrecognized request argument supplied: stream_options', type: 'invalid_request_error' } };

  it('is asked again without, and remembered', async (t) => {
    const { client, server, account } = await openAt(t, refusing('stream_options', 400, refusal));
    assert.equal((await collect(client, limited)).answer.text, 'Hello');
    assert.equal((await collect(new OpenAiClient(account, { api: 'chat', maxTokensField: 'auto' }), limited)).answer.text, 'Hello');
    assert.deepEqual(
      server.requests.map(({ json }) => 'stream_options' in json),
      [true, false, false],
    );
  });

  it('is not supposed where another refusal only repeats our body', async (t) => {
    const { client, server } = await openAt(t, (exchange) => exchange.json(422, { detail: [{ loc: ['body', 'x'], msg: 'Field required', input: 'x, stream_options' }] }));
    assert.equal((await failureOf(collect(client, limited))).kind, 'invalid_request');
    assert.equal((await failureOf(collect(client, limited))).kind, 'invalid_request');
    assert.deepEqual(
      server.requests.map(({ json }) => 'stream_options' in json),
      [true, false, true, false],
    );
  });
});

describe('The name of the token limit', () => {
  it('is max_tokens where nothing else is known', async (t) => {
    const { client, server } = await openAt(t, hello);
    for (const model of ['some-model', 'gpt-5']) await collect(client, requestOf('x', { model, maxTokens: 64 }));
    for (const { json } of server.requests) {
      assert.equal(json['max_tokens'], 64);
      assert.equal(json['max_completion_tokens'], undefined);
    }
  });

  it('is max_completion_tokens for reasoning models at OpenAI', async (t) => {
    const proxy = await startServer(hello);
    t.after(() => proxy.close());
    setVariable(t, 'HTTP_PROXY', proxy.url);
    const account = new OpenAiAccount({ baseUrl: 'http://api.openai.com/v1', apiKey: 'sk-test' });
    t.after(() => account.close());
    const client = new OpenAiClient(account, { api: 'auto', maxTokensField: 'auto' });
    const models = ['o1-mini', 'o3', 'o4-mini', 'gpt-5', 'gpt-5.1-mini', 'ft:gpt-6:me::1', 'gpt-4o', 'omni', 'gpt-4.1'];
    for (const model of models) await collect(client, requestOf('x', { model, maxTokens: 64 }));
    const newer = proxy.requests.map(({ json }) => 'max_completion_tokens' in json);
    assert.deepEqual(newer, [true, true, true, true, true, true, false, false, false]);
  });

  it('is changed when the server says so, and remembered for that model alone', async (t) => {
    const { client, server } = await openAt(t, refusing('max_tokens', 400, unsupported('max_tokens', 'max_completion_tokens')));
    await collect(client, limited);
    await collect(client, limited);
    await collect(client, requestOf('x', { model: 'another', maxTokens: 64 }));
    assert.deepEqual(
      server.requests.map(({ json }) => json['max_tokens'] ?? `completion ${String(json['max_completion_tokens'])}`),
      [64, 'completion 64', 'completion 64', 64, 'completion 64'],
    );
  });

  it('is found together with the refusal of stream_options', async (t) => {
    const { client, server } = await openAt(t, (exchange) => {
      if ('stream_options' in exchange.request.json) return exchange.json(400, { detail: 'stream_options: Extra inputs are not permitted' });
      return refusing('max_tokens', 400, unsupported('max_tokens', 'max_completion_tokens'))(exchange);
    });
    assert.equal((await collect(client, limited)).answer.text, 'Hello');
    assert.equal(server.requests.length, 3);
    await collect(client, limited);
    assert.equal(server.requests.length, 4);
  });

  it('goes back to max_tokens where the newer name is not known', async (t) => {
    const newer = unsupported('max_tokens', 'max_completion_tokens');
    let strict = false;
    const { client } = await openAt(t, (exchange) => {
      const { json } = exchange.request;
      if (strict && 'max_completion_tokens' in json) return exchange.json(422, { detail: [{ type: 'extra_forbidden', loc: ['body', 'max_completion_tokens'] }] });
      return !strict && 'max_tokens' in json ? exchange.json(400, newer) : hello(exchange);
    });
    await collect(client, limited);
    strict = true;
    assert.equal((await collect(client, limited)).answer.text, 'Hello');
  });

  it('is given up where the server wants neither', async (t) => {
    const { client, server } = await openAt(t, (exchange) => exchange.json(400, unsupported('max_tokens', 'max_completion_tokens')));
    assert.equal((await failureOf(collect(client, limited))).kind, 'invalid_request');
    assert.equal(server.requests.length, 3);
  });

  it('is not touched where its value is wrong', async (t) => {
    const message = 'max_tokens is too large: 64. This model supports at most 32 completion tokens, see max_completion_tokens.';
    const { client, server } = await openAt(t, (exchange) => exchange.json(400, { error: { message } }));
    assert.equal((await failureOf(collect(client, limited))).kind, 'invalid_request');
    assert.equal(server.requests.length, 1);
  });

  it('stays as the node says', async (t) => {
    const refusal = unsupported('max_completion_tokens', 'max_tokens');
    const { client, server } = await openAt(t, refusing('max_completion_tokens', 400, refusal), { maxTokensField: 'max_completion_tokens' });
    assert.equal((await failureOf(collect(client, limited))).kind, 'invalid_request');
    assert.equal(server.requests.length, 1);
  });
});
