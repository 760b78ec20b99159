/** Embeddings as OpenAI's client asks for them, against a running Node-RED, over every backend, a pool and a fallback. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import { endpoints, ways } from '../support/client-checks.ts';
import { cleanEnvironment } from '../support/environment.ts';
import { tokensOf, vectorOf } from '../support/fake-embeddings.ts';
import { endpoint, type Gateway, node, startGateway } from '../support/gateway.ts';
import { providerSecret } from '../support/providers.ts';

cleanEnvironment();

const texts = ['Hello there', 'A cat', 'Hello there again'];
const model = 'text';

describe('Embeddings over an endpoint', () => {
  let gateway: Gateway;

  before(async () => {
    gateway = await startGateway(() => [
      ...endpoints(),
      endpoint('offered', 'offers', { models: [{ name: 'small', model: 'm-1' }] }),
      node('offers', 'llm-fallback', { branches: [{ name: 'A' }, { name: 'B' }], wires: [[], ['anthropic'], ['llamacpp']] }),
      endpoint('shared', 'two'),
      node('two', 'llm-pool', { members: [{ name: 'A' }, { name: 'B' }], wires: [[], ['failing'], ['openai']] }),
      node('failing', 'llm-echo', { tokensPerSecond: 0, faultKind: 'overloaded', faultAfterTokens: 0, retries: 0 }),
      endpoint('short', 'whole'),
      node('whole', 'llm-vllm', { server: 'vllm-server', wires: [['shorten']] }),
      node('shorten', 'function', { func: 'msg.payload = msg.payload.map((vector) => vector.slice(0, 2)); return msg;', outputs: 1, libs: [], wires: [['return']] }),
      endpoint('words', 'say'),
      node('say', 'function', { func: "msg.payload = 'No vectors'; return msg;", outputs: 1, libs: [], wires: [['return']] }),
      node('return', 'llm-return', { wires: [] }),
    ]);
  });

  after(() => gateway?.stop());

  const embeddings = (path: string) => gateway.openai(path).embeddings;

  for (const [path, name] of ways.filter(([, name]) => name !== 'anthropic')) {
    test(`come over ${path} for one text and for several, in their order, as the client wants them written`, async () => {
      for (const input of [texts, 'A cat']) {
        const expected = [input].flat().map((text) => vectorOf(text));
        // Without a format the client asks for base64 and reads it by itself.
        for (const encoding_format of [undefined, 'float'] as const) {
          const answer = await embeddings(path).create({ model, input, ...(encoding_format && { encoding_format }) });
          assert.deepEqual(answer.data, expected.map((embedding, index) => ({ object: 'embedding', index, embedding })));
          const tokens = tokensOf([input].flat());
          assert.deepEqual([answer.object, answer.model, answer.usage], ['list', model, { prompt_tokens: tokens, total_tokens: tokens }]);
        }
        const { data } = await embeddings(path).create({ model, input, encoding_format: 'base64' });
        const read = data.map(({ embedding }) => Array.from(new Float32Array(Uint8Array.from(Buffer.from(String(embedding), 'base64')).buffer)));
        assert.deepEqual(read, expected);
      }
    });

    test(`have as many dimensions as are asked for over ${path}, where the server can`, async () => {
      const { data } = await embeddings(path).create({ model, input: 'A cat', dimensions: 2, user: 'ann' });
      assert.deepEqual(data[0]?.embedding, vectorOf('A cat', name === 'llamacpp' ? 4 : 2));
      assert.deepEqual(gateway.providers.last().json, { model, input: ['A cat'], dimensions: 2, user: 'ann', encoding_format: 'float' });
    });
  }

  test('of the echo are for trials', async () => {
    const { data } = await embeddings('/echo').create({ model, input: texts });
    assert.deepEqual(data.map(({ index }) => index), [0, 1, 2]);
    assert.equal(new Set(data.map(({ embedding }) => embedding.length)).size, 1);
  });

  test('are nothing that Anthropic offers: the client is told so, and a fallback goes on', async () => {
    const refused = embeddings('/anthropic').create({ model, input: texts });
    await assert.rejects(refused, (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError, String(error));
      assert.deepEqual([error.code, /Anthropic offers no embeddings\. Ask another backend/.test(error.message)], ['not_found', true]);
      return true;
    });
    const { data, response } = await embeddings('/offered').create({ model: 'small', input: texts }).withResponse();
    assert.deepEqual([data.data.length, data.model, gateway.providers.last().json['model']], [3, 'small', 'm-1']);
    assert.deepEqual([response.headers.get('x-llm-backend'), response.headers.get('x-llm-attempts')], ['llamacpp', '2']);
  });

  test('come from another member of a pool where one fails', async () => {
    const { data, response } = await embeddings('/shared').create({ model, input: texts }).withResponse();
    assert.deepEqual(data.data.map(({ embedding }) => embedding), texts.map((text) => vectorOf(text)));
    assert.deepEqual([response.headers.get('x-llm-backend'), response.headers.get('x-llm-attempts')], ['openai', '2']);
  });

  test('fail by the client’s own errors', async () => {
    const cases = [[400, 400, OpenAI.BadRequestError], [401, 502, OpenAI.InternalServerError], [404, 404, OpenAI.NotFoundError], [500, 502, OpenAI.InternalServerError], [503, 503, OpenAI.InternalServerError]] as const;
    for (const [path] of ways.filter(([, name]) => name !== 'anthropic')) {
      for (const [status, seen, type] of cases) {
        await assert.rejects(embeddings(path).create({ model: `status-${status}`, input: texts }), (error) => {
          assert.ok(error instanceof type, `${path} ${status}: ${String(error)}`);
          assert.deepEqual([error.status, error.message.includes(providerSecret)], [seen, false]);
          return true;
        });
      }
    }
    for (const input of ['', [], [''], [1, 2]]) await assert.rejects(embeddings('/echo').create({ model, input }), OpenAI.BadRequestError);
  });

  test('are as the nodes behind a backend have left them', async () => {
    const { data } = await embeddings('/short').create({ model, input: texts });
    assert.deepEqual(data.map(({ embedding }) => embedding), texts.map((text) => vectorOf(text).slice(0, 2)));
  });

  test('that the flow never made are a failure, not an empty list', async () => {
    await assert.rejects(embeddings('/words').create({ model, input: texts }), OpenAI.InternalServerError);
  });
});
