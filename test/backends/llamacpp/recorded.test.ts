/** Every answer that was recorded from a real llama.cpp server is read as what it is. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LlamaCppClient } from '../../../nodes/backends/llamacpp/client.ts';
import { LlamaCppServer } from '../../../nodes/backends/llamacpp/server.ts';
import type { ModelClient } from '../../../nodes/core/client.ts';
import type { FinishReason } from '../../../nodes/core/completion.ts';
import type { FailureKind } from '../../../nodes/core/errors.ts';
import { readAnswer as readOpenAiAnswer } from '../../../nodes/formats/openai-chat/answer-in.ts';
import { writeRequest as completionsBody } from '../../../nodes/formats/openai-completions/request-out.ts';
import { recorded, recordedNames } from '../../support/recorded.ts';
import { backendOf, failureOf, requestOf } from '../../support/requests.ts';
import { startServer, type TestServer } from '../../support/server.ts';

interface Answer {
  /** The text, or a regular expression where it is long. */
  text: string | RegExp;
  input?: number;
  output?: number;
  cached?: number;
  finish: FinishReason;
  model?: string;
}

const lily = ', there was a little girl';
const tiny = 'tiny-stories';
const slow = 'slow85M-q8_0.gguf';

const answers: Record<string, Answer> = {
  completion: { text: `${lily} named Lily. She loved to play`, input: 5, output: 16, cached: 0, finish: 'length', model: tiny },
  completion_eos: { text: new RegExp(`^${lily} named Lily`), input: 5, output: 800, cached: 4, finish: 'length', model: tiny },
  completion_stop_word: { text: `${lily} named `, input: 5, output: 10, cached: 4, finish: 'stop', model: tiny },
  completion_stream: { text: lily, input: 5, output: 8, cached: 4, finish: 'length', model: tiny },
  completion_stream_raw_chunked: { text: ', there was a', input: 5, output: 4, cached: 4, finish: 'length', model: tiny },
  completion_stream_timings_per_token: { text: ', there was', input: 5, output: 3, cached: 4, finish: 'length', model: tiny },
  completion_nprobs: { text: ' a time', input: 3, output: 2, cached: 2, finish: 'length', model: tiny },
  completion_empty_prompt: { text: ' Once upon a', input: 1, output: 3, cached: 0, finish: 'length', model: tiny },
  completion_n0: { text: ' upon', input: 2, output: 1, cached: 1, finish: 'length', model: tiny },
  completion_response_fields: { text: ' upon a time', input: 2, cached: 1, finish: 'unknown' },
  completion_ctx_full: { text: '', input: 2, output: 2046, cached: 1, finish: 'length' },
  slow_prompt_stream_raw: { text: 't?', input: 1042, output: 2, cached: 0, finish: 'length', model: slow },
  stream_queued_5th_raw: { text: '|7$', input: 5, output: 3, cached: 0, finish: 'length', model: slow },
  stream_with_sse_pings_raw: { text: /^p her you~ lo .* it washe$/, input: 5, output: 40, cached: 0, finish: 'length', model: slow },
  // Wrong options are ignored by the server.
  err_bad_type: { text: /^ was a little boy/, input: 3, output: 2045, cached: 2, finish: 'length', model: tiny },
  err_bad_temperature: { text: /^cogna's name/, input: 3, output: 2045, cached: 2, finish: 'length', model: tiny },
  err_bad_grammar: { text: 'ic', input: 3, output: 2, cached: 2, finish: 'length', model: tiny },
  err_bad_slot: { text: 'cit', input: 3, output: 2, cached: 1, finish: 'length', model: tiny },
  err_completion_on_emb: { text: 'ic', input: 3, output: 2, cached: 1, finish: 'length', model: 'stories260K.gguf' },
  v1_completions: { text: lily, input: 5, output: 8, cached: 4, finish: 'length', model: tiny },
  v1_completions_logprobs: { text: ', there', input: 5, output: 2, cached: 4, finish: 'length', model: tiny },
  v1_completions_stream: { text: ', there was a', input: 5, output: 4, cached: 4, finish: 'length', model: tiny },
  v1_completions_stream_usage: { text: ', there was a', input: 5, output: 4, cached: 4, finish: 'length', model: tiny },
  v1_chat: { text: '"Here?" A', input: 70, output: 8, cached: 1, finish: 'length', model: tiny },
  // Of several choices the first is the answer.
  v1_chat_n2: { text: '"He', input: 70, output: 3, cached: 69, finish: 'length', model: tiny },
  v1_chat_stream: { text: '"Here', finish: 'length', model: tiny },
  v1_chat_stream_usage: { text: '"Here', input: 70, output: 4, cached: 69, finish: 'length', model: tiny },
  v1_chat_stream_usage_raw_chunked: { text: '"Here', input: 70, output: 4, cached: 69, finish: 'length', model: tiny },
  v1_chat_json_schema: { text: '{ "a" : fa', input: 70, output: 40, cached: 69, finish: 'length', model: tiny },
  v1_chat_logprobs: { text: '"H', input: 70, output: 2, cached: 69, finish: 'length', model: tiny },
  key_good: { text: 'c', input: 3, output: 1, cached: 0, finish: 'length', model: 'stories260K.gguf' },
  key_xapikey: { text: ' was', input: 3, output: 1, cached: 2, finish: 'length', model: 'stories260K.gguf' },
};

interface Failure {
  kind: FailureKind;
  /** Absent where the failure came after a successful head. */
  status?: number;
  partial?: string;
}

const failures: Record<string, Failure> = {
  root: { kind: 'not_found', status: 404 },
  err_invalid_json: { kind: 'invalid_request', status: 500 },
  err_invalid_json_v1: { kind: 'invalid_request', status: 500 },
  err_missing_prompt: { kind: 'invalid_request', status: 400 },
  err_missing_messages: { kind: 'invalid_request', status: 400 },
  err_empty_body: { kind: 'invalid_request', status: 500 },
  err_bad_role: { kind: 'invalid_request', status: 500 },
  err_unknown_path: { kind: 'not_found', status: 404 },
  err_get_completion: { kind: 'not_found', status: 404 },
  err_post_health: { kind: 'not_found', status: 404 },
  err_prompt_too_long: { kind: 'context_length', status: 400 },
  err_prompt_too_long_stream: { kind: 'context_length', status: 400 },
  err_prompt_too_long_v1: { kind: 'context_length', status: 400 },
  err_prompt_too_long_chat: { kind: 'context_length', status: 400 },
  err_embeddings_on_gen: { kind: 'not_found', status: 501 },
  err_rerank_on_gen: { kind: 'not_found', status: 501 },
  err_infill: { kind: 'not_found', status: 501 },
  err_props_post: { kind: 'not_found', status: 501 },
  err_slot_save: { kind: 'not_found', status: 501 },
  err_metrics_off: { kind: 'not_found', status: 501 },
  err_slots_off: { kind: 'not_found', status: 501 },
  err_emb_missing: { kind: 'invalid_request', status: 400 },
  err_emb_too_long: { kind: 'context_length', status: 500 },
  err_invalid_utf8_output: { kind: 'server', status: 500 },
  err_invalid_utf8_output_stream: { kind: 'server' },
  err_invalid_utf8_output_chat_stream: { kind: 'server' },
  key_missing: { kind: 'auth', status: 401 },
  key_wrong: { kind: 'auth', status: 401 },
  key_props_nokey: { kind: 'auth', status: 401 },
  key_metrics_nokey: { kind: 'auth', status: 401 },
  key_slots_nokey: { kind: 'auth', status: 401 },
  key_unknown_path_nokey: { kind: 'auth', status: 401 },
  loading_completion_503: { kind: 'overloaded', status: 503 },
  loading_health_503: { kind: 'overloaded', status: 503 },
  loading_models_503: { kind: 'overloaded', status: 503 },
  slots_no_slot_503: { kind: 'overloaded', status: 503 },
  sigkill_midstream_raw: { kind: 'interrupted', partial: 'y striou' },
  sigterm_midstream_raw: { kind: 'interrupted', partial: ' thend playñimead' },
};

const models: Record<string, string> = { v1_models: tiny, models: tiny, key_models_nokey: 'stories260K.gguf', emb_models: 'stories260K.gguf' };
const healthy = ['health', 'v1_health', 'key_health_nokey'];
const properties: Record<string, object> = {
  props: { model: tiny, slots: 4, contextTokens: 2048 },
  emb_props: { model: 'stories260K.gguf', slots: 4, contextTokens: 512 },
};

/** What no code of ours asks for. */
const unasked: Record<string, string> = {
  completion_multi: 'answers a list of prompts; a request has one',
  ...reason('no client counts tokens or applies templates at the server', ['tokenize', 'tokenize_plain', 'detokenize', 'apply_template']),
  ...reason('OpenAI Responses and Anthropic Messages are spoken to their own providers', ['v1_responses', 'v1_messages']),
  ...reason('no client embeds', ['v1_embeddings', 'v1_embeddings_batch', 'v1_embeddings_base64', 'embedding_native', 'err_emb_empty']),
  ...reason('no client reads slots', ['slots_idle', 'slots_after', 'slots_busy', 'slots_fail_on_no_slot']),
  ...reason('no client reads metrics', ['metrics_fresh', 'metrics_after', 'metrics_busy_6of4', 'emb_metrics']),
  ...reason('no client sends HEAD, OPTIONS or DELETE', ['head_health', 'options', 'err_delete']),
};

function reason(why: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, why]));
}

describe('recorded answers of llama.cpp', () => {
  let server: TestServer;
  /** How many bytes the server sends at a time. */
  let pieceSize = Infinity;

  before(async () => {
    server = await startServer(async (exchange) => {
      const [, name = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(exchange.request.path) ?? [];
      const { method, path: recordedPath, wire } = recorded(name);
      assert.deepEqual([exchange.request.method, path], [method, recordedPath]);
      await exchange.replay(wire, Math.min(pieceSize, wire.length));
    });
  });
  after(() => server.close());

  const connect = (name: string) => new LlamaCppServer({ url: `${server.url}/${name}` }, { id: 's', name: 's', type: 's', lasting: false });
  const signal = new AbortController().signal;

  it('are all accounted for, each once', () => {
    const known = [answers, failures, models, properties, unasked].flatMap((table) => Object.keys(table)).concat(healthy);
    assert.deepEqual(known.toSorted(), recordedNames.toSorted());
  });

  for (const [name, expected] of Object.entries(answers)) {
    for (const size of [Infinity, 11]) {
      it(`${name} is read as its answer${size === Infinity ? '' : `, ${size} bytes at a time`}`, async (t) => {
        pieceSize = size;
        const connection = connect(name);
        t.after(() => connection.close());
        const { text, usage, finishReason, model } = await backendOf(clientFor(name, connection)).complete(requestOf('Once'));
        if (typeof expected.text === 'string') assert.equal(text, expected.text);
        else assert.match(text, expected.text);
        assert.equal(finishReason, expected.finish);
        assert.equal(model, expected.model ?? '');
        assert.equal(usage.estimated, expected.output === undefined);
        if (expected.input !== undefined) assert.equal(usage.inputTokens, expected.input);
        if (expected.output !== undefined) assert.equal(usage.outputTokens, expected.output);
        assert.equal(usage.cachedInputTokens, expected.cached);
      });
    }
  }

  for (const [name, expected] of Object.entries(failures)) {
    it(`${name} is a failure of the kind ${expected.kind}, with a hint`, async (t) => {
      pieceSize = Infinity;
      const connection = connect(name);
      t.after(() => connection.close());
      const failure = await failureOf(ask(name, connection));
      assert.deepEqual({ kind: failure.kind, status: failure.status, partial: failure.partial }, { status: undefined, partial: undefined, ...expected });
      assert.equal(failure.provider, 'llamacpp');
      assert.ok(failure.hint);
    });
  }

  it('quote nothing that the model wrote', async (t) => {
    const connection = connect('err_invalid_utf8_output');
    t.after(() => connection.close());
    const { message } = await failureOf(ask('err_invalid_utf8_output', connection));
    assert.doesNotMatch(message, /\uFFFD/);
  });

  it('show the log probabilities where they were asked for', async (t) => {
    for (const name of ['completion_nprobs', 'v1_completions_logprobs', 'v1_chat_logprobs']) {
      const connection = connect(name);
      t.after(() => connection.close());
      const { logprobs } = await backendOf(clientFor(name, connection)).complete(requestOf('Once'));
      assert.equal(logprobs?.length, 1);
    }
  });

  it('list the models', async (t) => {
    for (const [name, model] of Object.entries(models)) {
      const connection = connect(name);
      t.after(() => connection.close());
      const list = await connection.http.getJson(recorded(name).path, { signal });
      assert.match(JSON.stringify(list), new RegExp(model));
      if (recorded(name).path === '/v1/models') assert.deepEqual(await connection.models(signal), [model]);
    }
  });

  it('say that the server is ready', async (t) => {
    for (const name of healthy) {
      const connection = connect(name);
      t.after(() => connection.close());
      assert.deepEqual(await connection.http.getJson(recorded(name).path, { signal }), { status: 'ok' });
    }
  });

  it('tell the model, the slots and the context', async (t) => {
    for (const [name, expected] of Object.entries(properties)) {
      const connection = connect(name);
      t.after(() => connection.close());
      assert.deepEqual(await connection.properties(signal), expected);
    }
  });
});

/** The client that asks at the path of a recording. */
function clientFor(name: string, { http }: LlamaCppServer): ModelClient {
  switch (recorded(name).path) {
    case '/completion':
      return new LlamaCppClient(http, { api: 'completion', cachePrompt: true });
    case '/v1/chat/completions':
      return new LlamaCppClient(http, { api: 'chat', cachePrompt: true });
    case '/v1/completions':
      return {
        provider: http.provider,
        async *stream(request, context) {
          const { headers, body } = await http.post('/v1/completions', completionsBody(request), context, request);
          yield* readOpenAiAnswer({ headers, body, provider: http.provider, request });
        },
      };
    default:
      throw new Error(`No client asks at ${recorded(name).path}.`);
  }
}

/** Sends the request of a recording, through a client where one asks at its path. */
function ask(name: string, connection: LlamaCppServer): Promise<unknown> {
  const { method, path } = recorded(name);
  const { signal } = new AbortController();
  if (method === 'GET') return connection.http.getJson(path, { signal });
  if (/completions?$/.test(path)) return backendOf(clientFor(name, connection)).complete(requestOf('Once'));
  return connection.http.post(path, {}, { signal });
}
