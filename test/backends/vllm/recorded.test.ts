/** Every answer that was recorded from a real vLLM 0.32 is read as what it is. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { VllmClient } from '../../../nodes/backends/vllm/client.ts';
import { VllmServer } from '../../../nodes/backends/vllm/server.ts';
import type { FinishReason } from '../../../nodes/core/completion.ts';
import { calledIn } from '../../../nodes/core/conversation/calls.ts';
import { type FailureKind, policyFor } from '../../../nodes/core/errors.ts';
import { readRequest } from '../../../nodes/core/request.ts';
import { vllmRecordings } from '../../support/recorded.ts';
import { backendOf, failureOf, requestOf } from '../../support/requests.ts';
import { startServer, type TestServer } from '../../support/server.ts';

interface Answer {
  text: string;
  input: number;
  output: number;
  finish: FinishReason;
}

const blanks = (count: number) => ' '.repeat(count);

const answers: Record<string, Answer> = {
  v1_chat: { text: blanks(8), input: 20, output: 8, finish: 'length' },
  v1_chat_stream_usage: { text: blanks(8), input: 24, output: 8, finish: 'length' },
  v1_chat_logprobs: { text: blanks(2), input: 20, output: 2, finish: 'length' },
  v1_chat_json_schema: { text: `{${'\t'.repeat(63)}`, input: 29, output: 64, finish: 'length' },
  // The model is free to call a tool, and does not.
  v1_chat_tools_auto: { text: blanks(8), input: 24, output: 8, finish: 'length' },
  // Without `strict` the arguments are any JSON.
  v1_chat_tools_required: { text: '', input: 24, output: 59, finish: 'tool_calls' },
  v1_chat_tools_named: { text: '', input: 24, output: 59, finish: 'tool_calls' },
  v1_completions: { text: ' time'.repeat(8), input: 6, output: 8, finish: 'length' },
  v1_completions_stream_usage: { text: ' time'.repeat(8), input: 6, output: 8, finish: 'length' },
};

interface Failure {
  kind: FailureKind;
  /** Absent where the failure came after a successful head. */
  status?: number;
  hint: RegExp;
  partial?: string;
}

const failures: Record<string, Failure> = {
  err_prompt_too_long_chat: { kind: 'context_length', status: 400, hint: /Shorten the prompt/ },
  err_prompt_too_long_completions: { kind: 'context_length', status: 400, hint: /Shorten the prompt/ },
  err_answer_too_long: { kind: 'context_length', status: 400, hint: /larger context/ },
  err_unknown_model: { kind: 'not_found', status: 404, hint: /model’s name/ },
  err_image: { kind: 'not_found', status: 400, hint: /takes images/ },
  err_tools_no_parser: { kind: 'not_found', status: 400, hint: /--enable-auto-tool-choice/ },
  err_embeddings: { kind: 'not_found', status: 404, hint: /gives embeddings/ },
  err_generate: { kind: 'not_found', status: 404, hint: /the API in the node/ },
  err_bad_temperature: { kind: 'invalid_request', status: 400, hint: /Check the message/ },
  err_bad_type: { kind: 'invalid_request', status: 400, hint: /Check the message/ },
  err_missing_messages: { kind: 'invalid_request', status: 400, hint: /Check the message/ },
  err_invalid_json: { kind: 'invalid_request', status: 400, hint: /Check the message/ },
  // The head has gone before the schema is looked at.
  err_bad_schema: { kind: 'invalid_request', hint: /Check the message/ },
  key_missing: { kind: 'auth', status: 401, hint: /API key/ },
  key_wrong: { kind: 'auth', status: 401, hint: /API key/ },
  key_models_nokey: { kind: 'auth', status: 401, hint: /API key/ },
  engine_dead_midstream: { kind: 'server', hint: /log of vLLM/, partial: ' time'.repeat(5) },
  sigkill_midstream: { kind: 'interrupted', hint: /crashed/, partial: ' time'.repeat(3) },
};

/** What no code of ours asks for, or what another test reads. */
const others = ['health', 'version', 'v1_models', 'metrics_excerpt'];

describe('recorded answers of vLLM 0.32', () => {
  let server: TestServer;
  /** How many bytes the server sends at a time. */
  let pieceSize = Infinity;

  before(async () => {
    server = await startServer(async (exchange) => {
      const [, name = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(exchange.request.path) ?? [];
      // Asked on the side, where nobody sets a limit.
      if (path === '/tokenize') return exchange.json(404, { detail: 'Not Found' });
      const { method, path: recordedPath, wire } = vllmRecordings.get(name);
      assert.deepEqual([exchange.request.method, path], [method, recordedPath]);
      return exchange.replay(wire, Math.min(pieceSize, wire.length));
    });
  });
  after(() => server.close());

  const connect = (t: TestContext, name: string) => {
    const connection = new VllmServer({ url: `${server.url}/${name}` }, { id: 's', name: 's', type: 's', lasting: false });
    t.after(() => connection.close());
    return connection;
  };

  it('are all accounted for, each once', () => {
    const known = [...Object.keys(answers), ...Object.keys(failures), ...others];
    assert.deepEqual(known.toSorted(), vllmRecordings.names.toSorted());
  });

  for (const [name, { text, input, output, finish }] of Object.entries(answers)) {
    for (const size of [Infinity, 11]) {
      it(`${name} is read as its answer${size === Infinity ? '' : `, ${size} bytes at a time`}`, async (t) => {
        pieceSize = size;
        const completion = await ask(name, connect(t, name));
        assert.deepEqual([completion.text, completion.finishReason, completion.model], [text, finish, 'tiny']);
        assert.deepEqual(completion.usage, { inputTokens: input, outputTokens: output, estimated: false });
      });
    }
  }

  it('call a tool by its name, with an id', async (t) => {
    for (const name of ['v1_chat_tools_required', 'v1_chat_tools_named']) {
      const [call, ...more] = (await ask(name, connect(t, name))).message.tool_calls ?? [];
      assert.deepEqual([call && calledIn(call), more], [{ name: 'weather', input: 'true' }, []]);
      assert.match(call?.id ?? '', /^chatcmpl-tool-/);
    }
  });

  it('show the log probabilities where they were asked for', async (t) => {
    assert.equal((await ask('v1_chat_logprobs', connect(t, 'v1_chat_logprobs'))).logprobs?.length, 2);
  });

  for (const [name, { hint, ...expected }] of Object.entries(failures)) {
    it(`${name} is a failure of the kind ${expected.kind}, with a hint`, async (t) => {
      pieceSize = Infinity;
      const failure = await failureOf(ask(name, connect(t, name)));
      assert.deepEqual({ kind: failure.kind, status: failure.status, partial: failure.partial }, { status: undefined, partial: undefined, ...expected });
      assert.equal(failure.provider, 'vllm');
      assert.match(failure.hint ?? '', hint);
    });
  }

  it('leave to another branch what another server may do', () => {
    for (const name of ['err_image', 'err_tools_no_parser', 'err_answer_too_long', 'err_embeddings']) {
      const policy = policyFor(failures[name]?.kind ?? assert.fail(name));
      assert.deepEqual([policy.retry, policy.tripsBreaker, policy.nextBranch], [false, false, true]);
    }
  });

  it('say that it is ready, and which model it has', async (t) => {
    const { signal } = new AbortController();
    assert.equal(await connect(t, 'health').checkHealth(signal), 'ready');
    assert.deepEqual(await connect(t, 'v1_models').models(signal), ['tiny']);
  });
});

/** Sends the request of a recording, through the client that asks at its path. */
async function ask(name: string, connection: VllmServer) {
  const { path } = vllmRecordings.get(name);
  if (path === '/v1/models') return connection.models(new AbortController().signal).then(() => assert.fail('A failure was expected.'));
  const api = path === '/generate' ? 'generate' : path === '/v1/completions' ? 'completions' : 'chat';
  const backend = backendOf(new VllmClient(connection.http, { api }));
  const isEmbedding = path === '/v1/embeddings';
  return backend.complete(isEmbedding ? readRequest(['Hi'], { task: 'embed' }, {}) : requestOf('Hello', { model: 'tiny' }));
}
