/** vLLM's OpenAI server: chat and completions. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { VllmOptions } from '../../../nodes/backends/vllm/client.ts';
import type { RequestSettings } from '../../../nodes/core/request.ts';
import { backendOf, collect, failureOf, requestOf } from '../../support/requests.ts';
import type { Exchange } from '../../support/server.ts';
import { chatChunk, serve, textChunk, usageChunk } from './serve.ts';

const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const image = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }];
const sampling: RequestSettings = { model: 'm', maxTokens: 16, temperature: 0.5, topP: 0.9, stop: ['END'], seed: 7 };
const own = { topK: 40, minP: 0.05, repetitionPenalty: 1.1 };

async function sent(t: TestContext, payload: unknown, settings: RequestSettings, options: VllmOptions) {
  const { client, server } = await serve(t, options, (exchange) => exchange.events([chatChunk({ content: 'x' }, 'stop')]));
  await collect(client, requestOf(payload, settings));
  return server.requests.find(({ path }) => path !== '/tokenize') ?? assert.fail();
}

describe('a chat with vLLM', () => {
  it('is asked in the words of OpenAI, and of vLLM where OpenAI has none', async (t) => {
    const { method, path, json } = await sent(t, 'Hi', { system: 'Be brief.', ...sampling }, { api: 'chat', ...own });
    assert.equal(`${method} ${path}`, 'POST /v1/chat/completions');
    assert.deepEqual(json, {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      model: 'm',
      max_tokens: 16,
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
      top_k: 40,
      min_p: 0.05,
      repetition_penalty: 1.1,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('leaves out what nobody has set, so that the server decides', async (t) => {
    const { json } = await sent(t, 'Hi', {}, { api: 'chat' });
    assert.deepEqual(Object.keys(json).toSorted(), ['messages', 'stream', 'stream_options']);
  });

  it('is held to the schema of the node by the response format', async (t) => {
    const { json } = await sent(t, 'Hi', {}, { api: 'chat', guidedJson: schema });
    assert.deepEqual(json['response_format'], { type: 'json_schema', json_schema: { name: 'answer', schema } });
    assert.ok(!('guided_json' in json));
  });

  it('takes the response format of a message before that of the node', async (t) => {
    const { json } = await sent(t, 'Hi', { responseFormat: { type: 'json_object' } }, { api: 'chat', guidedJson: schema });
    assert.deepEqual(json['response_format'], { type: 'json_object' });
  });

  it('hands on extra fields, which win over those of the node', async (t) => {
    const extra = { top_k: 1, chat_template_kwargs: { enable_thinking: false }, structured_outputs: { choice: ['a', 'b'] } };
    const { json } = await sent(t, 'Hi', { extra }, { api: 'chat', ...own });
    assert.deepEqual([json['top_k'], json['chat_template_kwargs'], json['structured_outputs']], [1, { enable_thinking: false }, { choice: ['a', 'b'] }]);
  });

  it('hands on images', async (t) => {
    assert.deepEqual((await sent(t, image, {}, { api: 'chat' })).json['messages'], image);
  });

  it('becomes the answer with its usage, its model and its reason', async (t) => {
    const { client } = await serve(t, { api: 'chat' }, (exchange) =>
      exchange.events([chatChunk({ role: 'assistant', content: '' }), chatChunk({ content: 'Grüß ' }), chatChunk({ content: 'Gott 🦙' }, 'stop'), usageChunk(9, 4, 8)]),
    );
    const { text, finishReason, model, usage, provider } = await backendOf(client).complete(requestOf('Hi'));
    assert.deepEqual([text, finishReason, model, provider], ['Grüß Gott 🦙', 'stop', 'meta-llama/Llama-3.1-8B-Instruct', 'vllm']);
    assert.deepEqual(usage, { inputTokens: 9, outputTokens: 4, cachedInputTokens: 8, estimated: false });
  });

  it('keeps the thinking apart from the text, by its newer and its older name', async (t) => {
    for (const name of ['reasoning', 'reasoning_content']) {
      const { client } = await serve(t, { api: 'chat' }, (exchange) =>
        exchange.events([chatChunk({ [name]: 'Let me ' }), chatChunk({ [name]: 'see.' }), chatChunk({ content: '4' }, 'stop')]),
      );
      const { text, message } = await backendOf(client).complete(requestOf('2+2'));
      assert.deepEqual([text, message.thinking], ['4', 'Let me see.']);
    }
  });

  it('becomes calls of tools', async (t) => {
    const call = (call: object) => chatChunk({ tool_calls: [{ index: 0, ...call }] });
    const { client } = await serve(t, { api: 'chat' }, (exchange) =>
      exchange.events([
        call({ id: 'chatcmpl-tool-1', type: 'function', function: { name: 'weather' } }),
        call({ function: { arguments: '{"city": ' } }),
        call({ function: { arguments: '"Graz"}' } }),
        chatChunk({ content: '' }, 'tool_calls'),
      ]),
    );
    const { message, finishReason } = await backendOf(client).complete(requestOf('Weather?'));
    assert.equal(finishReason, 'tool_calls');
    assert.deepEqual(message, {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'chatcmpl-tool-1', type: 'function', function: { name: 'weather', arguments: '{"city": "Graz"}' } }],
    });
  });

  it('estimates the usage where the server sends none', async (t) => {
    const { client } = await serve(t, { api: 'chat' }, (exchange) => exchange.events([chatChunk({ content: 'Yes.' }, 'length')]));
    const { usage, finishReason } = await backendOf(client).complete(requestOf('Hi'));
    assert.equal(finishReason, 'length');
    assert.ok(usage.estimated && usage.inputTokens > 0 && usage.outputTokens > 0);
  });

  it('is read where a proxy sends one object in the place of a stream', async (t) => {
    const { client } = await serve(t, { api: 'chat' }, (exchange) =>
      exchange.json(200, { model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }], usage: usageChunk(3, 1).usage }),
    );
    const { text, usage } = await backendOf(client).complete(requestOf('Hi'));
    assert.deepEqual([text, usage], ['x', { inputTokens: 3, outputTokens: 1, estimated: false }]);
  });
});

describe('a completion by vLLM', () => {
  const answer = (exchange: Exchange) => exchange.events([textChunk('x', 'stop')]);

  it('is asked with the conversation as one text', async (t) => {
    const { path, json } = await sent(t, 'Once upon', sampling, { api: 'completions', ...own });
    assert.equal(path, '/v1/completions');
    assert.deepEqual(json, {
      prompt: 'Once upon',
      model: 'm',
      max_tokens: 16,
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
      top_k: 40,
      min_p: 0.05,
      repetition_penalty: 1.1,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('goes on to the end of the context where nobody sets a limit: without one the server stops after 16 tokens', async (t) => {
    const { client, server } = await serve(t, { api: 'completions' }, answer, undefined, (exchange) => exchange.json(200, { count: 6, max_model_len: 1024 }));
    await collect(client, requestOf('Once upon', { model: 'm' }));
    const [asked, request] = server.requests;
    assert.deepEqual([asked?.path, asked?.json], ['/tokenize', { model: 'm', prompt: 'Once upon' }]);
    assert.equal(request?.json['max_tokens'], 1018);
  });

  it('leaves the limit to a server that does not tell what room there is, or that there is none', async (t) => {
    for (const [status, told] of [[404, { detail: 'Not Found' }], [200, 'Hello'], [200, {}], [200, { count: 1024, max_model_len: 1024 }]] as const) {
      const { client, server } = await serve(t, { api: 'completions' }, answer, undefined, (exchange) => exchange.json(status, told));
      await collect(client, requestOf('Once upon'));
      assert.equal(server.requests[1]?.json['max_tokens'], null);
    }
  });

  it('asks for the room only where nobody sets a limit', async (t) => {
    for (const settings of [{ maxTokens: 3 }, { extra: { max_tokens: 3 } }]) {
      const { client, server } = await serve(t, { api: 'completions' }, answer);
      await collect(client, requestOf('Once upon', settings));
      assert.deepEqual(server.requests.map(({ path }) => path), ['/v1/completions']);
    }
  });

  it('takes a limit from the extra fields', async (t) => {
    const { json } = await sent(t, 'Once upon', { extra: { max_tokens: 3 } }, { api: 'completions' });
    assert.equal(json['max_tokens'], 3);
  });

  it('is held to a schema by the name of newer servers and by that of older ones', async (t) => {
    const { json } = await sent(t, 'Where?', {}, { api: 'completions', guidedJson: schema });
    assert.deepEqual(json['response_format'], { type: 'json_schema', json_schema: { name: 'answer', schema } });
    assert.deepEqual(json['guided_json'], schema);
  });

  it('becomes the answer with its usage', async (t) => {
    const { client } = await serve(t, { api: 'completions' }, (exchange) =>
      exchange.events([textChunk(' a'), textChunk(' time'), textChunk('', 'length'), { ...usageChunk(3, 2), object: 'text_completion' }]),
    );
    const { text, finishReason, usage } = await backendOf(client).complete(requestOf('Once upon'));
    assert.deepEqual([text, finishReason, usage], [' a time', 'length', { inputTokens: 3, outputTokens: 2, estimated: false }]);
  });

  it('is refused with images before anything is sent', async (t) => {
    for (const api of ['completions', 'generate'] as const) {
      const { client, server } = await serve(t, { api }, (exchange) => exchange.json(200, {}));
      const { kind, message } = await failureOf(collect(client, requestOf(image)));
      assert.equal(kind, 'invalid_request');
      assert.match(message, /Choose the chat API/);
      assert.equal(server.requests.length, 0);
    }
  });
});
