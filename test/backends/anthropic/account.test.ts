import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnthropicAccount } from '../../../nodes/backends/anthropic/account.ts';
import { cleanEnvironment, setVariable } from '../../support/environment.ts';
import { collect, failureOf, requestOf } from '../../support/requests.ts';
import { hello, openAt, openOfficial } from './subject.ts';

cleanEnvironment();

const { signal } = new AbortController();
const models = (...ids: string[]) => ({ data: ids.map((id) => ({ id, type: 'model' })), has_more: false });

describe('The key of an account', () => {
  it('is missed at once at Anthropic', (t) => {
    setVariable(t, 'ANTHROPIC_AUTH_TOKEN', 'token');
    assert.throws(() => new AnthropicAccount({}), { kind: 'auth', message: /ANTHROPIC_API_KEY in the environment/ });
  });

  it('comes from the environment at Anthropic, as a bearer token', async (t) => {
    setVariable(t, 'ANTHROPIC_API_KEY', 'sk-ant-environment');
    const { account, server } = await openOfficial(t, (exchange) => exchange.json(200, models()));
    await account.test(signal);
    assert.equal(server.requests[0]?.headers.authorization, 'Bearer sk-ant-environment');
    assert.equal(server.requests[0]?.headers['x-api-key'], undefined);
  });

  it('goes to other servers by its older name too', async (t) => {
    const { client, server } = await openAt(t, hello, { apiKey: 'my-key' });
    await collect(client, requestOf('x'));
    assert.equal(server.requests[0]?.headers.authorization, 'Bearer my-key');
    assert.equal(server.requests[0]?.headers['x-api-key'], 'my-key');
  });

  it('may be missing elsewhere, and the environment’s is not given to others', async (t) => {
    setVariable(t, 'ANTHROPIC_API_KEY', 'sk-ant-environment');
    setVariable(t, 'ANTHROPIC_AUTH_TOKEN', 'token');
    const { client, server } = await openAt(t, hello, { apiKey: undefined });
    assert.equal((await collect(client, requestOf('x'))).answer.text, 'Hello');
    assert.equal(server.requests[0]?.headers.authorization, undefined);
    assert.equal(server.requests[0]?.headers['x-api-key'], undefined);
  });

  it('is pointed at where it is refused and is no key of Anthropic’s', async (t) => {
    const error = { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } };
    const wrong = await openOfficial(t, (exchange) => exchange.json(401, error), { apiKey: 'sk-proj-canary' });
    const failure = await failureOf(wrong.account.test(signal));
    assert.equal(failure.kind, 'auth');
    assert.match(failure.hint ?? '', /does not begin with sk-ant-/);
    assert.doesNotMatch(failure.message, /canary/);
    const right = await openOfficial(t, (exchange) => exchange.json(401, error), { apiKey: 'sk-ant-canary' });
    assert.match((await failureOf(collect(right.client, requestOf('x')))).hint ?? '', /^Check the API key.*ANTHROPIC_API_KEY/);
  });
});

describe('The address of an account', () => {
  it('may end in /v1 or not', async (t) => {
    const { server } = await openAt(t, hello);
    for (const baseUrl of [server.url, `${server.url}/`, `${server.url}/v1`]) {
      const account = new AnthropicAccount({ baseUrl });
      t.after(() => account.close());
      await account.models(signal);
    }
    assert.deepEqual(server.requests.map(({ path }) => path.split('?')[0]), Array(3).fill('/v1/models'));
  });

  it('must be one', () => {
    assert.throws(() => new AnthropicAccount({ baseUrl: 'api.anthropic.com', apiKey: 'sk-ant-x' }), { kind: 'misconfigured' });
  });
});

describe('The test of an account', () => {
  it('says how many models there are, and which', async (t) => {
    const { account } = await openOfficial(t, (exchange) => exchange.json(200, models('claude-a', 'claude-b')), { apiKey: 'sk-ant-x' });
    assert.equal(await account.test(signal), 'Anthropic answers: 2 models.');
    assert.deepEqual(await account.models(signal), ['claude-a', 'claude-b']);
  });

  it('writes nothing to the console, whatever the SDK’s own switch says', async (t) => {
    setVariable(t, 'ANTHROPIC_LOG', 'debug');
    const methods = ['debug', 'info', 'warn', 'error', 'log'] as const;
    const spies = methods.map((name) => t.mock.method(console, name, () => undefined));
    const { account, client } = await openAt(t, (exchange) => (exchange.request.method === 'GET' ? exchange.json(500, {}) : hello(exchange)));
    await failureOf(account.test(signal));
    await collect(client, requestOf('x', { model: 'claude-3-opus-20240229' }));
    assert.deepEqual(spies.map((spy) => spy.mock.callCount()), [0, 0, 0, 0, 0]);
  });
});
