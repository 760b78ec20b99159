import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AnthropicAccount } from '../../../nodes/backends/anthropic/account.ts';
import { AnthropicClient } from '../../../nodes/backends/anthropic/client.ts';
import { EchoClient } from '../../../nodes/backends/echo/client.ts';
import { LlamaCppClient } from '../../../nodes/backends/llamacpp/client.ts';
import { OpenAiAccount } from '../../../nodes/backends/openai/account.ts';
import { OpenAiClient } from '../../../nodes/backends/openai/client.ts';
import { VllmClient } from '../../../nodes/backends/vllm/client.ts';
import type { ModelClient } from '../../../nodes/core/client.ts';
import { ModelServer } from '../../../nodes/core/model-server.ts';
import { readRequest } from '../../../nodes/core/request.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import { backendOf, failureOf } from '../../support/requests.ts';
import { type Exchange, startServer } from '../../support/server.ts';

cleanEnvironment();

const request = readRequest(['one', 'two words'], { task: 'embed', model: 'small', extra: { dimensions: 2 } }, {});

type Open = (t: TestContext, url: string) => ModelClient;

const model = (t: TestContext, id: string, url: string) => {
  const server = new ModelServer({ id, label: id, url }, undefined);
  t.after(() => server.close());
  return server;
};

const backends: Record<string, Open> = {
  openai: (t, url) => {
    const account = new OpenAiAccount({ baseUrl: `${url}/v1`, apiKey: 'sk-test' });
    t.after(() => account.close());
    return new OpenAiClient(account, { api: 'auto', maxTokensField: 'auto' });
  },
  llamacpp: (t, url) => new LlamaCppClient(model(t, 'llamacpp', url), { api: 'chat', cachePrompt: true }),
  vllm: (t, url) => new VllmClient(model(t, 'vllm', url), { api: 'chat' }),
};

for (const [name, open] of Object.entries(backends)) {
  describe(`Embeddings from ${name}`, () => {
    const ask = async (t: TestContext, answer: (exchange: Exchange) => void | Promise<void>) => {
      const server = await startServer(answer);
      t.after(() => server.close());
      return { server, answer: backendOf(open(t, server.url)).complete(request) };
    };

    it('come in the order of the texts, with the usage that the server counts', async (t) => {
      const data = [{ index: 1, embedding: [3, 4] }, { index: 0, embedding: [1, 2] }];
      const { server, answer } = await ask(t, (exchange) => exchange.json(200, { object: 'list', model: 'small-2', data, usage: { prompt_tokens: 5, total_tokens: 5 } }));
      const { embeddings, usage, model: named, text } = await answer;
      assert.deepEqual(embeddings, [[1, 2], [3, 4]]);
      assert.deepEqual(usage, { inputTokens: 5, outputTokens: 0, estimated: false });
      assert.deepEqual([named, text], ['small-2', '']);
      const [asked] = server.requests;
      assert.equal(asked?.path, '/v1/embeddings');
      assert.deepEqual(JSON.parse(asked.text), { model: 'small', input: ['one', 'two words'], dimensions: 2, encoding_format: 'float' });
    });

    it('that are fewer than the texts, or no numbers, are a failure of the server', async (t) => {
      for (const data of [[{ index: 0, embedding: [1] }], [{ embedding: [1] }, { embedding: ['x'] }], [{ index: 0, embedding: [1] }, { index: 5, embedding: [1] }], 'none']) {
        const { answer } = await ask(t, (exchange) => exchange.json(200, { data }));
        assert.equal((await failureOf(answer)).kind, 'server', JSON.stringify(data));
      }
    });

    it('that a server does not offer lead on to another branch', async (t) => {
      const { answer } = await ask(t, (exchange) => exchange.json(501, { error: { message: 'This server does not support embeddings.', type: 'not_supported_error', code: 501 } }));
      assert.equal((await failureOf(answer)).kind, 'not_found');
    });
  });
}

describe('Embeddings', () => {
  it('are nothing that Anthropic offers', async (t) => {
    const account = new AnthropicAccount({ apiKey: 'sk-ant-test' });
    t.after(() => account.close());
    assert.equal((await failureOf(backendOf(new AnthropicClient(account)).complete(request))).kind, 'not_found');
  });

  it('of the echo are alike for texts that share words', async () => {
    const texts = ['the quick brown fox', 'the quick brown dog', 'something else entirely'];
    const backend = backendOf(new EchoClient({ model: 'echo', tokensPerSecond: 0, delayMs: 0 }));
    const { embeddings = [] } = await backend.complete(readRequest(texts, { task: 'embed' }, {}));
    const [fox = [], dog = [], other = []] = embeddings;
    const likeness = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
    assert.ok(Math.abs(likeness(fox, fox) - 1) < 1e-9);
    assert.ok(likeness(fox, dog) > 0.5 && likeness(fox, dog) > likeness(fox, other));
  });

  it('are asked for with texts that are not empty', () => {
    for (const payload of ['', [], ['a', ''], [1], { text: 'a' }, undefined]) {
      assert.throws(() => readRequest(payload, { task: 'embed' }, {}), { kind: 'invalid_request' });
    }
    assert.throws(() => readRequest('a', { task: 'draw' }, {}), { kind: 'invalid_request' });
  });
});
