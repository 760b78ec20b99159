/** Against a real llama-server with a model of a megabyte: what the recordings and the fake servers claim is so. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { LlamaCppClient, type LlamaCppOptions } from '../../nodes/backends/llamacpp/client.ts';
import { LlamaCppServer } from '../../nodes/backends/llamacpp/server.ts';
import { OpenAiAccount } from '../../nodes/backends/openai/account.ts';
import { OpenAiClient } from '../../nodes/backends/openai/client.ts';
import type { StreamPart } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import type { RequestSettings } from '../../nodes/core/request.ts';
import { findLlamaServer, type LlamaServer, startLlamaServer } from '../support/llama-server.ts';
import { backendOf, failureOf, requestOf } from '../support/requests.ts';

const found = findLlamaServer();
const { signal } = new AbortController();
const greedy: RequestSettings = { temperature: 0, seed: 1, maxTokens: 8 };
const story = 'Once upon a time';

describe('a real llama.cpp server', { skip: typeof found === 'string' && found }, () => {
  assert.ok(typeof found !== 'string');
  let llama: LlamaServer;

  before(async () => {
    llama = await startLlamaServer(found);
  });
  after(() => llama?.kill());

  function connect(t: TestContext, { url } = llama, apiKey?: string): LlamaCppServer {
    const connection = new LlamaCppServer({ url, apiKey }, { id: 'real', name: '', type: 'llm-llamacpp-server', lasting: false });
    t.after(() => connection.close());
    return connection;
  }

  const backend = (t: TestContext, options: Partial<LlamaCppOptions> = {}) => backendOf(new LlamaCppClient(connect(t).http, { api: 'completion', cachePrompt: true, ...options }));

  it('passes the test of its config node and lists its model', async (t) => {
    assert.match(await connect(t).test(signal), /^llama\.cpp is ready: model stories260K\.gguf, 4 slots, \d+ tokens of context each\.$/);
    assert.match((await connect(t).models(signal)).join(), /stories260K\.gguf/);
  });

  it('chats', async (t) => {
    const { text, finishReason, usage, provider } = await backend(t, { api: 'chat' }).complete(requestOf(story, { system: 'Tell.', ...greedy }));
    assert.ok(text.length > 0);
    assert.deepEqual([finishReason, provider, usage.outputTokens, usage.estimated], ['length', 'llamacpp', 8, false]);
    assert.ok(usage.inputTokens > 8);
  });

  it('completes a text', async (t) => {
    const { text, finishReason, usage } = await backend(t).complete(requestOf(story, greedy));
    assert.match(text, /^, there was a/);
    assert.deepEqual([finishReason, usage.inputTokens, usage.outputTokens], ['length', 5, 8]);
  });

  it('stops at a stop sequence, which is not part of the answer', async (t) => {
    const { text, finishReason } = await backend(t).complete(requestOf(story, { ...greedy, maxTokens: 64, stop: ['Lily'] }));
    assert.equal(finishReason, 'stop');
    assert.doesNotMatch(text, /Lily/);
  });

  it('streams: the tokens add up to the answer', async (t) => {
    for (const api of ['chat', 'completion'] as const) {
      const parts: StreamPart[] = [];
      const sink = { write: (piece: readonly StreamPart[]) => void parts.push(...piece) };
      const { text } = await backend(t, { api }).complete(requestOf(story, { ...greedy, maxTokens: 32 }), { sink });
      const tokens = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
      assert.ok(tokens.length > 8, `${tokens.length} tokens`);
      assert.equal(tokens.join(''), text);
    }
  });

  it('counts what we count', async (t) => {
    const count = async () => [await llama.metric('prompt_tokens_total'), await llama.metric('tokens_predicted_total')] as const;
    for (const api of ['chat', 'completion'] as const) {
      const [promptBefore, predictedBefore] = await count();
      const { usage } = await backend(t, { api }).complete(requestOf('Lily and her mom', { ...greedy, maxTokens: 20 }));
      const [prompt, predicted] = await count();
      assert.equal(usage.outputTokens, predicted - predictedBefore);
      assert.equal(usage.inputTokens - (usage.cachedInputTokens ?? 0), prompt - promptBefore);
    }
  });

  it('keeps a prompt in the slot that it is told, unless told not to', async (t) => {
    const ask = async (cachePrompt: boolean) => {
      const { usage } = await backend(t, { slot: 1, cachePrompt }).complete(requestOf('The big red dog ran to the park and', greedy));
      return usage.cachedInputTokens ?? 0;
    };
    await ask(true);
    assert.ok((await ask(true)) > 3);
    assert.equal(await ask(false), 0);
  });

  it('frees its slots when streams are cancelled', async (t) => {
    const decodesBefore = await llama.metric('n_decode_total');
    const gone = new LlmError('cancelled', 'The caller went away.');
    const cancelled = Array.from({ length: 4 }, async () => {
      const controller = new AbortController();
      const sink = { write: () => controller.abort(gone) };
      const request = requestOf(story, { maxTokens: 5_000, extra: { ignore_eos: true } });
      const { kind, partial } = await failureOf(backend(t).complete(request, { signal: controller.signal, sink }));
      assert.equal(kind, 'cancelled');
      assert.ok(partial);
    });
    await Promise.all(cancelled);
    while ((await llama.busySlots()) > 0);
    // Each would have gone on for the rest of its context, some hundred tokens.
    const decodes = (await llama.metric('n_decode_total')) - decodesBefore;
    assert.ok(decodes < 200, `${decodes} decodes`);
  });

  it('refuses a prompt that is too long', async (t) => {
    for (const api of ['chat', 'completion'] as const) {
      const failure = await failureOf(backend(t, { api }).complete(requestOf(`${story} `.repeat(1_200), greedy)));
      assert.deepEqual([failure.kind, failure.status], ['context_length', 400]);
    }
  });

  it('holds its answer to a JSON schema', async (t) => {
    const schema = { type: 'object', properties: { color: { enum: ['red', 'green'] } }, required: ['color'], additionalProperties: false };
    const responseFormat = { type: 'json_schema', json_schema: { name: 'answer', schema } };
    for (const api of ['chat', 'completion'] as const) {
      const { text, finishReason } = await backend(t, { api }).complete(requestOf('Which color?', { ...greedy, maxTokens: 200, responseFormat }));
      assert.equal(finishReason, 'stop', text);
      assert.match((JSON.parse(text) as { color: string }).color, /^(red|green)$/);
    }
  });

  it('holds its answer to a grammar', async (t) => {
    for (const api of ['chat', 'completion'] as const) {
      const { text } = await backend(t, { api, grammar: 'root ::= "yes" | "no"' }).complete(requestOf('Is it?', greedy));
      assert.match(text, /^(yes|no)$/);
    }
  });

  it('answers the OpenAI client as well', async (t) => {
    const account = new OpenAiAccount({ baseUrl: `${llama.url}/v1`, apiKey: 'none' });
    t.after(() => account.close());
    for (const api of ['chat', 'completions'] as const) {
      const { text, usage, finishReason, provider } = await backendOf(new OpenAiClient(account, { api, maxTokensField: 'auto' })).complete(requestOf(story, greedy));
      assert.ok(text.length > 0);
      assert.deepEqual([provider, finishReason, usage.outputTokens, usage.estimated], ['openai', 'length', 8, false]);
    }
  });

  it('lets in only who has its key', async (t) => {
    const locked = await startLlamaServer(found, '--api-key', 'sk-good');
    t.after(() => locked.kill());
    const ask = (apiKey?: string) => backendOf(new LlamaCppClient(connect(t, locked, apiKey).http, { api: 'chat', cachePrompt: true })).complete(requestOf(story, greedy));
    assert.equal((await ask('sk-good')).usage.outputTokens, 8);
    for (const wrong of ['sk-bad', undefined]) assert.equal((await failureOf(ask(wrong))).kind, 'auth');
    assert.match(await connect(t, locked, 'sk-good').test(signal), /is ready/);
    assert.equal((await failureOf(connect(t, locked).test(signal))).kind, 'auth');
  });

  it('is seen to break off when it is killed in the middle of an answer, and to be gone then', async (t) => {
    const doomed = await startLlamaServer(found);
    const client = new LlamaCppClient(connect(t, doomed).http, { api: 'completion', cachePrompt: true });
    const sink = { write: () => doomed.kill() };
    const request = requestOf(story, { maxTokens: 5_000, extra: { ignore_eos: true } });
    const { kind, partial } = await failureOf(backendOf(client).complete(request, { sink }));
    assert.equal(kind, 'interrupted');
    assert.ok(partial);
    assert.equal((await failureOf(connect(t, doomed).test(signal))).kind, 'unavailable');
  });
});
