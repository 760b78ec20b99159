/** What is sent to llama.cpp, as its server's README wants it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { LlamaCppClient, type LlamaCppOptions } from '../../../nodes/backends/llamacpp/client.ts';
import { ModelServer } from '../../../nodes/core/model-server.ts';
import type { RequestSettings } from '../../../nodes/core/request.ts';
import { collect, failureOf, requestOf } from '../../support/requests.ts';
import { startServer, type TestServer } from '../../support/server.ts';

const schema = { type: 'object', properties: { a: { type: 'boolean' } } };

describe('a request to llama.cpp', () => {
  let server: TestServer;
  let http: ModelServer;

  before(async () => {
    server = await startServer(async (exchange) => {
      if (exchange.request.path === '/completion') return exchange.events([{ content: 'x', stop: true, stop_type: 'eos' }], { done: false });
      return exchange.events([{ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] }]);
    });
    http = new ModelServer({ id: 'llamacpp', label: 'llama.cpp', url: server.url }, undefined);
  });
  after(async () => {
    await http.close();
    await server.close();
  });
  beforeEach(() => server.requests.splice(0));

  async function sent(payload: unknown, settings: RequestSettings, options: LlamaCppOptions) {
    await collect(new LlamaCppClient(http, options), requestOf(payload, settings));
    const [request] = server.requests;
    assert.ok(request);
    return request;
  }

  const sampling: RequestSettings = { maxTokens: 16, temperature: 0.5, topP: 0.9, stop: ['\n', 'END'], seed: 7 };
  const own = { topK: 40, minP: 0.05, grammar: 'root ::= "a"', cachePrompt: false, slot: 2 };

  describe('in the chat API', () => {
    it('has the messages, the sampling in the names of OpenAI and the rest in its own', async () => {
      const { method, path, json, headers } = await sent('Hi', { system: 'Be brief.', ...sampling }, { api: 'chat', ...own });
      assert.equal(`${method} ${path}`, 'POST /v1/chat/completions');
      assert.equal(headers['content-type'], 'application/json');
      assert.deepEqual(json, {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
        ],
        max_tokens: 16,
        temperature: 0.5,
        top_p: 0.9,
        stop: ['\n', 'END'],
        seed: 7,
        top_k: 40,
        min_p: 0.05,
        grammar: 'root ::= "a"',
        cache_prompt: false,
        id_slot: 2,
        stream: true,
        stream_options: { include_usage: true },
      });
    });

    it('leaves out what nobody has set, so that the server decides', async () => {
      const { json } = await sent('Hi', {}, { api: 'chat', cachePrompt: true });
      assert.deepEqual(Object.keys(json).toSorted(), ['cache_prompt', 'messages', 'stream', 'stream_options']);
      assert.equal(json['cache_prompt'], true);
    });

    it('hands on tools and a response format as they are', async () => {
      const tools = [{ type: 'function', function: { name: 'now' } }] as const;
      const responseFormat = { type: 'json_schema', json_schema: { name: 'answer', schema } };
      const { json } = await sent('Hi', { tools: [...tools], toolChoice: 'required', responseFormat }, { api: 'chat', cachePrompt: true });
      assert.deepEqual([json['tools'], json['tool_choice'], json['response_format']], [tools, 'required', responseFormat]);
    });

    it('hands on images', async () => {
      const content = [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }];
      const { json } = await sent([{ role: 'user', content }], {}, { api: 'chat', cachePrompt: true });
      assert.deepEqual(json['messages'], [{ role: 'user', content }]);
    });

    it('lets extra fields win over those of the node', async () => {
      const { json } = await sent('Hi', { extra: { top_k: 1, id_slot: 0, mirostat: 2, stream: false } }, { api: 'chat', ...own });
      assert.deepEqual([json['top_k'], json['id_slot'], json['mirostat'], json['stream']], [1, 0, 2, true]);
    });
  });

  describe('in the completion API', () => {
    it('has the prompt and all names as the native API has them', async () => {
      const { path, json } = await sent('Once upon', sampling, { api: 'completion', ...own });
      assert.equal(path, '/completion');
      assert.deepEqual(json, {
        prompt: 'Once upon',
        n_predict: 16,
        temperature: 0.5,
        top_p: 0.9,
        stop: ['\n', 'END'],
        seed: 7,
        top_k: 40,
        min_p: 0.05,
        grammar: 'root ::= "a"',
        cache_prompt: false,
        id_slot: 2,
        stream: true,
      });
    });

    it('has the schema of a response format as json_schema', async () => {
      const responseFormat = { type: 'json_schema', json_schema: { name: 'answer', schema } };
      const { json } = await sent('Hi', { responseFormat }, { api: 'completion', cachePrompt: true });
      assert.deepEqual(json['json_schema'], schema);
    });

    it('takes any JSON where the format asks for no schema', async () => {
      const { json } = await sent('Hi', { responseFormat: { type: 'json_object' } }, { api: 'completion', cachePrompt: true });
      assert.deepEqual(json['json_schema'], {});
    });

    it('has no schema where the format is text', async () => {
      const { json } = await sent('Hi', { responseFormat: { type: 'text' } }, { api: 'completion', cachePrompt: true });
      assert.ok(!('json_schema' in json));
    });

    it('is refused with images before anything is sent', async () => {
      const image = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }];
      const { kind } = await failureOf(sent(image, {}, { api: 'completion', cachePrompt: true }));
      assert.equal(kind, 'invalid_request');
      assert.equal(server.requests.length, 0);
    });
  });

  it('carries the key of the server as a bearer', async (t) => {
    const locked = new ModelServer({ id: 'llamacpp', label: 'llama.cpp', url: server.url }, ' sk-good\n');
    t.after(() => locked.close());
    await collect(new LlamaCppClient(locked, { api: 'chat', cachePrompt: true }), requestOf('Hi'));
    assert.equal(server.requests[0]?.headers.authorization, 'Bearer sk-good');
  });

  it('carries no authorization where there is no key', async () => {
    const { headers } = await sent('Hi', {}, { api: 'chat', cachePrompt: true });
    assert.equal(headers.authorization, undefined);
  });
});
