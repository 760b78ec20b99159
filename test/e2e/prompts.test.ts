import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Completion } from '../../nodes/core/completion.ts';
import type { FailureCause } from '../../nodes/core/errors.ts';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { type Exchange, startServer, type TestServer } from '../support/server.ts';

const canaryKey = 'sk-ant-canary-key-5b1f';
const canaryPrompt = 'canary prompt 77c2';
const canaryAnswer = 'canary answer 91ad';

/** A server that speaks enough of each provider's streaming API to answer one prompt. */
async function answer(reply: Exchange): Promise<void> {
  switch (reply.request.path) {
    case '/v1/chat/completions':
      return reply.events([
        { model: 'm', choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] },
        { model: 'm', choices: [{ index: 0, delta: { content: canaryAnswer }, finish_reason: null }] },
        { model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
        { model: 'm', choices: [], usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } },
      ]);
    case '/v1/messages': {
      reply.startStream();
      const events = [
        { type: 'message_start', message: { id: 'x', role: 'assistant', model: 'm', content: [], usage: { input_tokens: 7, output_tokens: 1 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: canaryAnswer } },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
        { type: 'message_stop' },
      ];
      for (const event of events) await reply.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      return reply.end();
    }
    default:
      return reply.json(404, { error: { message: 'File Not Found', type: 'not_found_error', code: 404 } });
  }
}

/** POST /ask/<id> runs a prompt through the node `<id>` and answers with the completion, or the failure's cause with status 502. */
function askable(id: string, backend: { type: string; [property: string]: unknown }): FlowNode[] {
  const at = { z: 'tab', x: 100, y: 100 };
  return [
    { id: `${id}-in`, type: 'http in', ...at, url: `/ask/${id}`, method: 'post', wires: [[`${id}-take`]] },
    { id: `${id}-take`, type: 'change', ...at, rules: [{ t: 'set', p: 'llm', pt: 'msg', to: 'payload.llm', tot: 'msg' }, { t: 'set', p: 'payload', pt: 'msg', to: 'payload.prompt', tot: 'msg' }], wires: [[id]] },
    { id, ...at, ...backend, wires: [[`${id}-done`]] },
    { id: `${id}-done`, type: 'change', ...at, rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'completion', tot: 'msg' }], wires: [[`${id}-out`]] },
    { id: `${id}-catch`, type: 'catch', ...at, scope: [id], wires: [[`${id}-failed`]] },
    { id: `${id}-failed`, type: 'change', ...at, rules: [{ t: 'set', p: 'statusCode', pt: 'msg', to: '502', tot: 'num' }, { t: 'set', p: 'payload', pt: 'msg', to: 'error.cause', tot: 'msg' }], wires: [[`${id}-out`]] },
    { id: `${id}-out`, type: 'http response', ...at, wires: [] },
  ];
}

describe('A prompt through the real Node-RED', () => {
  let server: TestServer;
  let nodeRed: TestNodeRed;

  before(async () => {
    server = await startServer(answer);
    const credentials = { apiKey: canaryKey };
    nodeRed = await startNodeRed({
      flows: [
        { id: 'tab', type: 'tab', label: 'End to end' },
        ...askable('echo', { type: 'llm-echo', tokensPerSecond: 0 }),
        ...askable('openai', { type: 'llm-openai', account: 'openai-account', model: 'm', retries: 0 }),
        ...askable('anthropic', { type: 'llm-anthropic', account: 'anthropic-account', model: 'm', retries: 0 }),
        ...askable('llamacpp', { type: 'llm-llamacpp', server: 'llamacpp-server', retries: 0 }),
        ...askable('vllm', { type: 'llm-vllm', server: 'vllm-server', retries: 0 }),
        ...askable('homeless', { type: 'llm-vllm', server: 'gone' }),
        ...askable('broken', { type: 'llm-echo', retries: 0, faultKind: 'interrupted', faultAfterTokens: 2, tokensPerSecond: 0 }),
        { id: 'openai-account', type: 'llm-openai-account', baseUrl: `${server.url}/v1`, credentials },
        { id: 'anthropic-account', type: 'llm-anthropic-account', baseUrl: server.url, credentials },
        { id: 'llamacpp-server', type: 'llm-llamacpp-server', url: server.url, healthIntervalMs: 0, credentials },
        { id: 'vllm-server', type: 'llm-vllm-server', url: server.url, healthIntervalMs: 0, credentials },
      ],
    });
  });

  after(async () => {
    await nodeRed?.stop();
    await server?.close();
  });

  async function ask(id: string, body: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${nodeRed.url}/ask/${id}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }

  for (const id of ['openai', 'anthropic', 'llamacpp', 'vllm']) {
    test(`${id} answers with text, tokens and timing`, async () => {
      const { status, body } = await ask(id, { prompt: canaryPrompt });
      const completion = body as Completion;
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(completion.text, canaryAnswer);
      assert.equal(completion.finishReason, 'stop');
      assert.equal(completion.provider, id);
      assert.deepEqual([completion.usage.inputTokens, completion.usage.outputTokens, completion.usage.estimated], [7, 3, false]);
      assert.deepEqual(completion.attempts.map(({ outcome }) => outcome), ['ok']);
      assert.ok(completion.timing.totalMs >= (completion.timing.firstTokenMs ?? Infinity));
    });
  }

  test('echo says the prompt again, and msg.llm changes its settings for one request', async () => {
    const { body } = await ask('echo', { prompt: 'one two three', llm: { maxTokens: 2 } });
    assert.equal((body as Completion).text, 'one two');
    assert.equal((body as Completion).finishReason, 'length');
  });

  test('a failure reaches the Catch node with its kind, its hint and the partial text', async () => {
    const { status, body } = await ask('broken', { prompt: 'one two three' });
    const cause = body as FailureCause;
    assert.equal(status, 502);
    assert.equal(cause.kind, 'interrupted');
    assert.equal(cause.partial, 'one two');
    assert.ok(cause.hint);
  });

  for (const [what, prompt] of Object.entries({ missing: undefined, empty: '', 'of the wrong type': 7, 'with an unknown role': [{ role: 'king', content: 'x' }] })) {
    test(`a prompt that is ${what} is one clear failure, and the node works on`, async () => {
      const { status, body } = await ask('echo', { prompt });
      assert.equal(status, 502);
      assert.equal((body as FailureCause).kind, 'invalid_request');
      assert.equal((await ask('echo', { prompt: 'next' })).status, 200);
    });
  }

  test('a node whose config node is gone says so on each message', async () => {
    const { status, body } = await ask('homeless', { prompt: 'x' });
    assert.equal(status, 502);
    assert.match((body as FailureCause).hint ?? '', /choose another server/);
  });

  test('the status under a node shows figures after an answer and the kind after a failure', async () => {
    const statuses = await nodeRed.statuses();
    await ask('echo', { prompt: 'a b c' });
    await statuses.until('echo', ({ fill, text }) => fill === 'green' && / ms/.test(text ?? ''));
    await ask('broken', { prompt: 'a b c' });
    await statuses.until('broken', ({ fill, text }) => fill === 'red' && text === 'llm.kind.interrupted');
    statuses.close();
  });

  test('no key, prompt or answer stands in the log', async () => {
    await ask('llamacpp', { prompt: [{ role: canaryPrompt, content: canaryPrompt }] });
    for (const canary of [canaryKey, canaryPrompt, canaryAnswer]) assert.ok(!nodeRed.log().includes(canary), canary);
  });
});
