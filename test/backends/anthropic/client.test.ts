import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnthropicAccount } from '../../../nodes/backends/anthropic/account.ts';
import { AnthropicClient } from '../../../nodes/backends/anthropic/client.ts';
import { costOf } from '../../../nodes/core/pricing.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import { fixture } from '../../support/fixtures.ts';
import { backendOf, collect, failureOf, requestOf } from '../../support/requests.ts';
import { hello, messageEnd, openAt, stream, textDelta } from './subject.ts';

cleanEnvironment();

const paris = 'The capital of France is Paris – «la ville lumière».';

describe('A request to Anthropic', () => {
  it('is one POST to /v1/messages', async (t) => {
    const { client, server } = await openAt(t, hello);
    await collect(client, requestOf('Where?', { model: 'claude-sonnet-5-5', system: 'Be brief.', stop: ['END'], seed: 7, maxTokens: 100 }));
    const [received] = server.requests;
    assert.equal(`${received?.method} ${received?.path}`, 'POST /v1/messages');
    assert.equal(received?.headers['anthropic-version'], '2026-10-21');
    assert.equal(received?.headers['x-stainless-timeout'], undefined);
    assert.deepEqual(received?.json, {
      model: 'claude-sonnet-5-5',
      max_tokens: 100,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Where?' }],
      stop_sequences: ['END'],
      stream: true,
    });
  });

  it('has a limit for tokens, which the API demands', async (t) => {
    const { client, server } = await openAt(t, hello);
    await collect(client, requestOf('x'));
    assert.equal(server.requests[0]?.json['max_tokens'], 4096);
  });

  it('asks for the older version of the API where it has a sampling parameter, which the newer one refuses', async (t) => {
    const { client, server } = await openAt(t, hello);
    for (const settings of [{ temperature: 0 }, { topP: 0.5 }, { extra: { top_k: 5 } }, {}]) await collect(client, requestOf('x', settings));
    const versions = server.requests.map(({ headers }) => headers['anthropic-version']);
    assert.deepEqual(versions, ['2023-06-01', '2023-06-01', '2023-06-01', '2026-10-21']);
    assert.equal(server.requests[0]?.json['temperature'], 0);
    assert.equal(server.requests[1]?.json['top_p'], 0.5);
  });

  it('takes tools, their choice, a format, and extra, which wins', async (t) => {
    const { client, server } = await openAt(t, hello);
    const schema = { type: 'object' };
    const settings = {
      tools: [{ type: 'function' as const, function: { name: 'f', parameters: schema } }],
      toolChoice: 'required',
      responseFormat: { type: 'json_schema', json_schema: { name: 'x', schema } },
      maxTokens: 5,
      extra: { max_tokens: 6, metadata: { user_id: 'u' }, stream: false },
    };
    await collect(client, requestOf('x', settings));
    const { json } = server.requests[0] ?? assert.fail();
    assert.deepEqual(json['tools'], [{ name: 'f', input_schema: schema }]);
    assert.deepEqual(json['tool_choice'], { type: 'any' });
    assert.deepEqual(json['output_config'], { format: { type: 'json_schema', schema } });
    assert.deepEqual(json['metadata'], { user_id: 'u' });
    assert.equal(json['max_tokens'], 6);
    assert.equal(json['stream'], true);
  });

  it('has a budget for thinking where the node gives one, and room for it', async (t) => {
    const { client, server } = await openAt(t, hello, { thinkingTokens: 2048 });
    await collect(client, requestOf('x'));
    await collect(client, requestOf('x', { maxTokens: 3000 }));
    assert.deepEqual(server.requests[0]?.json['thinking'], { type: 'enabled', budget_tokens: 2048 });
    assert.deepEqual(server.requests.map(({ json }) => json['max_tokens']), [4096 + 2048, 3000]);
  });

  it('lets a model think as it likes that takes no budget, and remembers which', async (t) => {
    const message = '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.';
    const { server, account } = await openAt(t, (exchange) => {
      const { model, thinking } = exchange.request.json;
      const refused = model === 'new' && (thinking as { type: string }).type === 'enabled';
      return refused ? exchange.json(400, { type: 'error', error: { type: 'invalid_request_error', message } }) : hello(exchange);
    });
    const client = new AnthropicClient(account, { thinkingTokens: 2048 });
    for (const model of ['new', 'new', 'old']) assert.equal((await collect(client, requestOf('x', { model }))).answer.text, 'Hello');
    const kinds = server.requests.map(({ json }) => (json['thinking'] as { type: string }).type);
    assert.deepEqual(kinds, ['enabled', 'adaptive', 'adaptive', 'enabled']);
  });
});

describe('An answer from Anthropic', () => {
  it('brings text, model, reason, and all tokens of the input, cached ones included', async (t) => {
    const { client } = await openAt(t, stream(fixture('anthropic/text.txt')));
    const { answer } = await collect(client, requestOf('Where?'));
    assert.equal(answer.text, paris);
    assert.equal(answer.model, 'claude-sonnet-5-5');
    assert.equal(answer.finishReason, 'stop');
    assert.deepEqual(answer.usage, { inputTokens: 2325, outputTokens: 15, cachedInputTokens: 2000, cacheWriteTokens: 300 });
  });

  it('is the same in pieces of any size, with CRLF, and with comments between the events', async (t) => {
    const text = fixture('anthropic/text.txt').replaceAll('\n\n', '\n\n: keep-alive\n\n').replaceAll('\n', '\r\n');
    const { client } = await openAt(t, async (exchange) => {
      exchange.startStream();
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 41) await exchange.write(bytes.subarray(at, at + 41));
      exchange.end();
    });
    const { answer } = await collect(client, requestOf('Where?'));
    assert.equal(answer.text, paris);
    assert.equal(answer.usage.outputTokens, 15);
  });

  it('brings thinking with its signature, and tool calls whose arguments come in pieces or not at all', async (t) => {
    const { client, server } = await openAt(t, stream(fixture('anthropic/thinking-tools.txt')));
    const { answer, parts } = await collect(client, requestOf('Weather and time?'));
    assert.equal(answer.finishReason, 'tool_calls');
    assert.deepEqual(
      parts.flatMap((part) => (part.type === 'toolCall' ? [part.index] : [])),
      [0, 0, 0, 0, 1, 1],
    );
    assert.deepEqual(answer.message, {
      role: 'assistant',
      content: 'I will look.',
      tool_calls: [
        { id: 'toolu_01A', type: 'function', function: { name: 'get_weather', arguments: '{"city": "Paris"}' }, anthropic: { caller: { type: 'direct' } } },
        { id: 'toolu_01B', type: 'function', function: { name: 'get_time', arguments: '{}' }, anthropic: { caller: { type: 'direct' } } },
      ],
      thinking: 'Both the weather and the time are wanted.',
      thinkingSignature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxB',
    });
    assert.deepEqual(answer.usage, { inputTokens: 472, outputTokens: 89, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 21 });
    await collect(client, requestOf([answer.message, { role: 'tool', tool_call_id: 'toolu_01A', content: '21' }]));
    const { json } = server.requests[1] ?? assert.fail();
    const [assistant] = json['messages'] as Array<{ content: Array<{ type: string }> }>;
    assert.deepEqual(assistant?.content.map(({ type }) => type), ['thinking', 'text', 'tool_use', 'tool_use']);
  });

  it('brings the signature with its block, whether or not the server ends it', async (t) => {
    const thinking = [
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm.' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'Eq' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'QB' } },
    ];
    const signed = { type: 'thinking', text: '', carried: { anthropic: { signature: 'EqQB' } }, block: 0 };
    for (const [end, order] of [[[{ type: 'content_block_stop', index: 0 }], ['thinking', 'thinking', 'text']], [[], ['thinking', 'text', 'thinking']]] as const) {
      const { client } = await openAt(t, (exchange) => exchange.events([...thinking, ...end, textDelta('Hi'), messageEnd('end_turn')]));
      const { answer, parts } = await collect(client, requestOf('x'));
      const said = parts.filter((part) => 'carried' in part || ('text' in part && part.text !== ''));
      assert.deepEqual(said.map(({ type }) => type), order);
      assert.deepEqual(said.filter((part) => 'carried' in part), [signed]);
      assert.equal(answer.message.thinkingSignature, 'EqQB');
    }
  });

  it('has a signature for each block of thinking, and none for all of them', async (t) => {
    const block = (index: number) => [
      { type: 'content_block_start', index, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { type: 'content_block_delta', index, delta: { type: 'thinking_delta', thinking: `${index}.` } },
      { type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: `S${index}` } },
      { type: 'content_block_stop', index },
    ];
    const { client } = await openAt(t, (exchange) => exchange.events([...block(0), ...block(1), messageEnd('end_turn')]));
    const { answer } = await collect(client, requestOf('x'));
    const thought = (index: number) => ({ type: 'thinking', thinking: `${index}.`, anthropic: { signature: `S${index}` } });
    assert.deepEqual(answer.message, { role: 'assistant', content: '', thinking: '0.1.', blocks: [thought(0), thought(1)] });
  });

  it('ends for the reason that the API gives', async (t) => {
    const reasons = {
      end_turn: 'stop',
      stop_sequence: 'stop',
      max_tokens: 'length',
      model_context_window_exceeded: 'length',
      tool_use: 'tool_calls',
      refusal: 'content_filter',
      pause_turn: 'pause',
    };
    for (const [given, reason] of Object.entries(reasons)) {
      const { client } = await openAt(t, (exchange) => exchange.events([textDelta('x'), messageEnd(given)]));
      assert.equal((await backendOf(client).complete(requestOf('x'))).finishReason, reason);
    }
  });

  it('is whole only with a reason', async (t) => {
    const { client } = await openAt(t, (exchange) => exchange.events([textDelta('Hel'), messageEnd(null), { type: 'message_stop' }]));
    const failure = await failureOf(backendOf(client).complete(requestOf('x')));
    assert.equal(failure.kind, 'interrupted');
    assert.equal(failure.partial, 'Hel');
  });

  it('keeps blocks that only this API knows, and passes over events that it does not know', async (t) => {
    const unknown = [
      { type: 'content_block_start', index: 5, content_block: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} } },
      { type: 'content_block_delta', index: 5, delta: { type: 'input_json_delta', partial_json: '{}' } },
      { type: 'content_block_stop', index: 5 },
      { type: 'something_new' },
    ];
    const { client } = await openAt(t, (exchange) => exchange.events([...unknown, textDelta('Hi'), messageEnd('end_turn')]));
    const { answer } = await collect(client, requestOf('x'));
    const search = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
    const blocks = [{ type: 'own', dialect: 'anthropic', block: search }, { type: 'text', text: 'Hi' }];
    assert.deepEqual(answer.message, { role: 'assistant', content: 'Hi', blocks });
  });

  it('is read from one JSON object where a server does not stream', async (t) => {
    const content = [
      { type: 'thinking', thinking: 'Hm.', signature: 'S' },
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
    ];
    const message = { type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'tool_use', usage: { input_tokens: 3, output_tokens: 9 } };
    const { client } = await openAt(t, (exchange) => exchange.json(200, message));
    const { answer } = await collect(client, requestOf('x'));
    assert.deepEqual(answer.message, {
      role: 'assistant',
      content: 'Hi',
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
      thinking: 'Hm.',
      thinkingSignature: 'S',
    });
    assert.deepEqual(answer.usage, { inputTokens: 3, outputTokens: 9 });
  });

  it('has no token count of the output before its end, for the one at its start is none', async (t) => {
    const start = { type: 'message_start', message: { model: 'm', usage: { input_tokens: 3, output_tokens: 1 } } };
    const { client } = await openAt(t, (exchange) => exchange.events([start, textDelta('Hello')]));
    const { answer } = await collect(client, requestOf('x'));
    assert.deepEqual(answer.usage, { inputTokens: 3 });
  });

  it('keeps the counts of its start where its end does not know them', async (t) => {
    const usage = { input_tokens: 5, cache_read_input_tokens: 10, cache_creation_input_tokens: null, output_tokens: 1 };
    const end = { input_tokens: 5, cache_read_input_tokens: null, cache_creation_input_tokens: 2, output_tokens: 8 };
    const { client } = await openAt(t, (exchange) =>
      exchange.events([{ type: 'message_start', message: { usage } }, { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: end }]),
    );
    const { answer } = await collect(client, requestOf('x'));
    assert.deepEqual(answer.usage, { inputTokens: 17, outputTokens: 8, cachedInputTokens: 10, cacheWriteTokens: 2 });
  });

  it('costs what the price table says, with its own prices for reading and writing the cache', () => {
    const account = new AnthropicAccount({ apiKey: 'sk-ant-x' });
    const usage = { inputTokens: 100_000, outputTokens: 10_000, cachedInputTokens: 50_000, cacheWriteTokens: 20_000, estimated: false };
    const cost = costOf(usage, 'claude-haiku-4-5-20251001', account.prices);
    assert.ok(Math.abs((cost?.inputUsd ?? 0) - (0.03 * 1 + 0.05 * 0.1 + 0.02 * 1.25)) < 1e-9);
    assert.ok(Math.abs((cost?.outputUsd ?? 0) - 0.01 * 5) < 1e-9);
    const local = new AnthropicAccount({ baseUrl: 'http://llm.lan:8080' });
    assert.equal(costOf(usage, 'claude-haiku-4-5', local.prices)?.usd, 0);
  });
});
