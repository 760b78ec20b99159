import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { OpenAiAccount } from '../../../nodes/backends/openai/account.ts';
import type { ConnectionFields } from '../../../nodes/runtime/connection.ts';
import { cleanEnvironment, setVariable } from '../../support/environment.ts';
import { collect, failureOf, requestOf } from '../../support/requests.ts';
import { type Exchange, startServer } from '../../support/server.ts';
import { hello, openAt } from './subject.ts';

cleanEnvironment();

const { signal } = new AbortController();
const models = (...ids: string[]) => ({ object: 'list', data: ids.map((id) => ({ id, object: 'model' })) });

/** OpenAI itself, as far as the account can tell: its address leads to a proxy of the test. */
async function official(t: TestContext, handle: (exchange: Exchange) => void | Promise<void>, fields: ConnectionFields = {}) {
  const proxy = await startServer(handle);
  setVariable(t, 'HTTP_PROXY', proxy.url);
  const account = new OpenAiAccount({ baseUrl: 'http://api.openai.com/v1', ...fields });
  t.after(async () => {
    await account.close();
    await proxy.close();
  });
  return { account, proxy };
}

describe('The key of an account', () => {
  it('is missed at once at OpenAI', () => {
    assert.throws(() => new OpenAiAccount({}), { kind: 'auth', message: /OPENAI_API_KEY in the environment/ });
    assert.throws(() => new OpenAiAccount({ baseUrl: 'https://eu.api.openai.com/v1' }), { kind: 'auth' });
  });

  it('comes from the environment at OpenAI, where the account has none', async (t) => {
    setVariable(t, 'OPENAI_API_KEY', 'sk-environment');
    const { account, proxy } = await official(t, (exchange) => exchange.json(200, models()));
    await account.test(signal);
    assert.equal(proxy.requests[0]?.headers.authorization, 'Bearer sk-environment');
  });

  it('is the account’s own before the environment’s, without the blanks around it', async (t) => {
    setVariable(t, 'OPENAI_API_KEY', 'sk-environment');
    const { account, proxy } = await official(t, (exchange) => exchange.json(200, models()), { apiKey: ' sk-own\n' });
    await account.test(signal);
    assert.equal(proxy.requests[0]?.headers.authorization, 'Bearer sk-own');
  });

  it('may be missing elsewhere, and the environment’s is not given to others', async (t) => {
    setVariable(t, 'OPENAI_API_KEY', 'sk-environment');
    const { client, server } = await openAt(t, hello, { apiKey: undefined });
    assert.equal((await collect(client, requestOf('x'))).answer.text, 'Hello');
    assert.equal(server.requests[0]?.headers.authorization, undefined);
  });

  it('must be one that a header can carry', () => {
    for (const apiKey of ['sk-canary key', 'sk-canary\nx', 'sk-canaryé']) {
      assert.throws(() => new OpenAiAccount({ apiKey }), (error: Error) => 'kind' in error && !error.message.includes('canary'));
    }
  });
});

describe('The fields of an account', () => {
  it('must make sense', () => {
    const apiKey = 'sk-x';
    for (const baseUrl of ['api.openai.com', 'ftp://api.openai.com', 'https://me:secret@api.openai.com/v1']) {
      assert.throws(() => new OpenAiAccount({ apiKey, baseUrl }), { kind: 'misconfigured' });
    }
    assert.throws(() => new OpenAiAccount({ apiKey, prices: '{' }), RangeError);
    assert.throws(() => new OpenAiAccount({ apiKey, organization: 'two words' }), RangeError);
  });

  it('name the provider: OpenAI by its name, others by their host', () => {
    const label = (baseUrl: string) => new OpenAiAccount({ apiKey: 'sk-x', baseUrl }).provider.label;
    assert.equal(label(''), 'OpenAI');
    assert.equal(label('http://localhost:11434/v1/'), 'localhost:11434');
    assert.equal(label('https://not-openai.com/v1'), 'not-openai.com');
  });
});

describe('The test of an account', () => {
  it('says how many models there are, and which', async (t) => {
    const { account, server } = await openAt(t, (exchange) => exchange.json(200, models('a', 'b')));
    assert.match(await account.test(signal), /^127\.0\.0\.1:\d+ answers: 2 models\.$/);
    assert.deepEqual(await account.models(signal), ['a', 'b']);
    assert.equal(server.requests[0]?.path, '/v1/models');
    const { account: openAi } = await official(t, (exchange) => exchange.json(200, models('a')), { apiKey: 'sk-x' });
    assert.equal(await openAi.test(signal), 'OpenAI answers: 1 model.');
  });

  it('fails with a hint for a key that is not known', async (t) => {
    const error = { message: 'Incorrect API key provided: sk-canary***3Zx.', type: 'invalid_request_error', code: 'invalid_api_key' };
    const { account } = await official(t, (exchange) => exchange.json(401, { error }), { apiKey: 'sk-canary' });
    const failure = await failureOf(account.test(signal));
    assert.equal(failure.kind, 'auth');
    assert.match(failure.hint ?? '', /OPENAI_API_KEY/);
    assert.doesNotMatch(failure.message, /canary/);
  });

  it('thinks of /v1 where the address has no path', async (t) => {
    const server = await startServer((exchange) => exchange.text(404, '404 page not found'));
    const account = new OpenAiAccount({ baseUrl: server.url });
    t.after(async () => {
      await account.close();
      await server.close();
    });
    assert.match((await failureOf(account.test(signal))).hint ?? '', /:\d+\/v1\./);
  });

  it('can be aborted', async (t) => {
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    const { account } = await openAt(t, resolve);
    const failing = assert.rejects(account.test(controller.signal), { name: 'AbortError' });
    const { closed } = await promise;
    controller.abort();
    await failing;
    await closed;
  });

  it('writes nothing to the console, whatever the SDK’s own switch says', async (t) => {
    setVariable(t, 'OPENAI_LOG', 'debug');
    const methods = ['debug', 'info', 'warn', 'error', 'log'] as const;
    const spies = methods.map((name) => t.mock.method(console, name, () => undefined));
    const { account, client } = await openAt(t, (exchange) => (exchange.request.method === 'GET' ? exchange.json(500, {}) : hello(exchange)));
    await failureOf(account.test(signal));
    await collect(client, requestOf('x'));
    assert.deepEqual(spies.map((spy) => spy.mock.callCount()), [0, 0, 0, 0, 0]);
  });
});
