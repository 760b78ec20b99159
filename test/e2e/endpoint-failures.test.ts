/** What the official clients make of everything that goes wrong behind an endpoint. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { cleanEnvironment } from '../support/environment.ts';
import { endpoint, type Gateway, hello, node, startGateway } from '../support/gateway.ts';
import { providers, providerSecret } from '../support/providers.ts';

cleanEnvironment();

const clientKey = 'sk-client-secret-9f1e';

/** The error that a call ends with, of the given class. */
async function errorOf<E extends Error>(call: PromiseLike<unknown>, type: abstract new (...args: never[]) => E): Promise<E> {
  const error: unknown = await call.then(
    () => assert.fail('A failure was expected.'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof type, String(error));
  assert.ok(!error.message.includes(providerSecret) && !error.message.includes(clientKey), error.message);
  return error;
}

describe('A failure behind an endpoint', () => {
  let gateway: Gateway;

  before(async () => {
    gateway = await startGateway(() => [
      ...['echo', ...providers].map((name) => endpoint(name, name)),
      endpoint('fallback', 'both'),
      node('both', 'llm-fallback', { branches: [{ name: 'A' }, { name: 'B' }], wires: [[], ['openai'], ['anthropic']] }),
      endpoint('keyed', 'echo', { models: [{ name: 'small', model: '' }], credentials: { keys: `ann: ${clientKey}` }, maxBodyKb: 100 }),
      endpoint('slow', 'vllm', { timeoutMs: 300, heartbeatMs: 50 }),
      endpoint('narrow', 'vllm', { maxOpen: 1 }),
      endpoint('lonely', '', { wires: [[]] }),
    ]);
  });

  after(() => gateway?.stop());

  const openai = (path: string, model: string, options: object = {}) => gateway.openai(path, options).chat.completions.create({ model, messages: hello });
  const anthropic = (path: string, model: string, options: object = {}) => gateway.anthropic(path, options).messages.create({ model, max_tokens: 9, messages: hello });

  for (const name of providers) {
    test(`of ${name} is one of the clients’ own errors, by its status`, async () => {
      const cases: Array<[status: number, seen: number, code: string, type: abstract new (...args: never[]) => Error, type: abstract new (...args: never[]) => Error]> = [
        [400, 400, 'invalid_request', OpenAI.BadRequestError, Anthropic.BadRequestError],
        [401, 502, 'auth', OpenAI.InternalServerError, Anthropic.InternalServerError],
        [404, 404, 'not_found', OpenAI.NotFoundError, Anthropic.NotFoundError],
        [500, 502, 'server', OpenAI.InternalServerError, Anthropic.InternalServerError],
        [503, 503, 'overloaded', OpenAI.InternalServerError, Anthropic.InternalServerError],
      ];
      for (const [status, seen, code, openAiType, anthropicType] of cases) {
        const error = (await errorOf(openai(`/${name}`, `status-${status}`), openAiType)) as InstanceType<typeof OpenAI.APIError>;
        assert.deepEqual([error.status, error.code], [seen, code]);
        const other = (await errorOf(anthropic(`/${name}`, `status-${status}`), anthropicType)) as InstanceType<typeof Anthropic.APIError>;
        assert.equal(other.status, seen);
        const streamed = gateway.openai(`/${name}`).chat.completions.create({ model: `status-${status}`, messages: hello, stream: true });
        assert.equal((await errorOf(streamed, OpenAI.APIError)).status, seen);
      }
    });

    test(`of ${name} in the middle of a stream is an error and no silent end`, async () => {
      for (const model of ['broken', 'failing']) {
        const chunks: string[] = [];
        const read = async () => {
          for await (const chunk of await gateway.openai(`/${name}`).chat.completions.create({ model, messages: hello, stream: true })) {
            chunks.push(chunk.choices[0]?.delta.content ?? '');
          }
        };
        const error = await errorOf(read(), OpenAI.APIError);
        assert.ok(error.code, error.message);
        assert.notEqual(chunks.join(''), '', 'A part had come.');
        const stream = gateway.anthropic(`/${name}`).messages.stream({ model, max_tokens: 9, messages: hello });
        await errorOf(stream.finalMessage(), Anthropic.APIError);
        assert.ok(stream.currentMessage?.content.length, 'A part had come.');
      }
    });

    test(`of ${name}, which says nothing, is a timeout`, async () => {
      const error = await errorOf(openai(`/${name}`, 'silent'), OpenAI.InternalServerError);
      assert.deepEqual([error.status, error.code], [504, 'timeout']);
    });

    test(`does not come: a client that goes away closes the connection to ${name}`, async () => {
      const { providers } = gateway;
      const begun = providers.nextHanging();
      const stream = await gateway.openai(`/${name}`).chat.completions.create({ model: 'hang', messages: hello, stream: true });
      const { closed } = await begun;
      for await (const _chunk of stream) break;
      await closed;
      const alsoBegun = providers.nextHanging();
      const controller = new AbortController();
      const whole = gateway.anthropic(`/${name}`).messages.create({ model: 'hang', max_tokens: 9, messages: hello }, { signal: controller.signal });
      const other = await alsoBegun;
      controller.abort();
      await errorOf(whole, Anthropic.APIUserAbortError);
      await other.closed;
    });
  }

  test('of both branches is the last one’s', async () => {
    const error = await errorOf(openai('/fallback', 'status-503'), OpenAI.InternalServerError);
    assert.deepEqual([error.status, error.code], [503, 'overloaded']);
  });

  test('by time of the endpoint is told by a status before the first sign of life, else by an event', async () => {
    const error = await errorOf(openai('/slow', 'silent'), OpenAI.InternalServerError);
    assert.deepEqual([error.status, error.code], [504, 'timeout']);
    const stream = await gateway.openai('/slow').chat.completions.create({ model: 'silent', messages: hello, stream: true });
    const read = async () => {
      for await (const _chunk of stream);
    };
    assert.equal((await errorOf(read(), OpenAI.APIError)).code, 'timeout');
  });

  test('to name a key, a model or a path is the client’s own', async () => {
    const wrong = await errorOf(openai('/keyed', 'small', { apiKey: 'sk-wrong' }), OpenAI.AuthenticationError);
    assert.deepEqual([wrong.code, wrong.type], ['auth', 'authentication_error']);
    const other = await errorOf(anthropic('/keyed', 'small', { apiKey: 'sk-wrong' }), Anthropic.AuthenticationError);
    assert.equal(other.type, 'authentication_error');
    assert.equal((await openai('/keyed', 'small', { apiKey: clientKey })).choices[0]?.message.content, 'Hello there');
    assert.equal((await anthropic('/keyed', 'small', { apiKey: clientKey })).stop_reason, 'end_turn');
    assert.match((await errorOf(openai('/keyed', 'large', { apiKey: clientKey }), OpenAI.NotFoundError)).message, /Ask for one of: small/);
    assert.equal((await errorOf(anthropic('/keyed', 'large', { apiKey: clientKey }), Anthropic.NotFoundError)).type, 'not_found_error');
    await errorOf(gateway.openai('/echo').audio.speech.create({ model: 'x', voice: 'x', input: 'x' }), OpenAI.NotFoundError);
    const list = await fetch(`${gateway.origin}/keyed/v1/models`);
    assert.equal(list.status, 401);
  });

  test('to send what is taken is the client’s own', async () => {
    const { completions } = gateway.openai('/echo').chat;
    await errorOf(completions.create({ model: 'm', messages: [], n: 2 }), OpenAI.BadRequestError);
    assert.match((await errorOf(completions.create({ model: 'm', messages: hello, n: 2 }), OpenAI.BadRequestError)).message, /n must be 1/);
    assert.match((await errorOf(completions.create({ model: 'm', messages: hello, max_tokens: -1 }), OpenAI.BadRequestError)).message, /max_tokens must be/);
    const large = [{ role: 'user' as const, content: 'x'.repeat(200_000) }];
    const tooLarge = await errorOf(gateway.openai('/keyed', { apiKey: clientKey }).chat.completions.create({ model: 'small', messages: large }), OpenAI.APIError);
    assert.equal(tooLarge.status, 413);
    const other = await errorOf(gateway.anthropic('/keyed', { apiKey: clientKey }).messages.create({ model: 'small', max_tokens: 9, messages: large }), Anthropic.APIError);
    assert.equal(other.status, 413);
  });

  test('to find a place says when to come again', async () => {
    const begun = gateway.providers.nextHanging();
    const first = await gateway.openai('/narrow').chat.completions.create({ model: 'hang', messages: hello, stream: true });
    const { closed } = await begun;
    const error = await errorOf(openai('/narrow', 'text'), OpenAI.RateLimitError);
    assert.deepEqual([error.code, error.headers.get('retry-after')], ['shed', '1']);
    first.controller.abort();
    await closed;
  });

  test('to be wired is told to whoever asks', async () => {
    const error = await errorOf(openai('/lonely', 'm'), OpenAI.InternalServerError);
    assert.equal(error.status, 503);
    assert.match(error.message, /No flow stands behind the endpoint/);
  });

  test('of a rate limit says when to come again', async () => {
    const error = await errorOf(openai('/vllm', 'status-429'), OpenAI.RateLimitError);
    assert.equal(error.headers.get('retry-after'), '2');
    assert.equal(error.code, 'rate_limit');
    const other = await errorOf(anthropic('/anthropic', 'status-429'), Anthropic.RateLimitError);
    assert.equal(other.type, 'rate_limit_error');
  });

  test('leaves nothing open at the providers, and no key, prompt or answer in the log', async () => {
    while (gateway.providers.open() > 0) await new Promise((resolve) => void setImmediate(resolve));
    for (const secret of [clientKey, providerSecret, 'sk-backend-key', 'Hello there', 'Paris']) assert.ok(!gateway.nodeRed.log().includes(secret), secret);
  });
});
