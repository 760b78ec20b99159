import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { costOf } from '../../../nodes/core/pricing.ts';
import { OpenAiAccount } from '../../../nodes/backends/openai/account.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import { fixture } from '../../support/fixtures.ts';
import { backendOf, collect, requestOf } from '../../support/requests.ts';
import { hello, openAt, stream } from './subject.ts';

cleanEnvironment();

const paris = 'The capital of France is Paris – «la ville lumière».';

describe('A chat', () => {
  it('is one POST to /chat/completions that asks for a stream with the usage', async (t) => {
    const { client, server } = await openAt(t, hello);
    await collect(client, requestOf('Where?', { model: 'gpt-4o-mini', system: 'Be brief.', temperature: 0.2, topP: 0.9, stop: ['END'], seed: 7 }));
    const [received] = server.requests;
    assert.equal(`${received?.method} ${received?.path}`, 'POST /v1/chat/completions');
    assert.equal(received?.headers.authorization, 'Bearer sk-test');
    assert.equal(received?.headers['x-stainless-timeout'], undefined);
    assert.deepEqual(received?.json, {
      model: 'gpt-4o-mini',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Where?' },
      ],
      temperature: 0.2,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('brings text, model, reason and usage, cached tokens included', async (t) => {
    const { client } = await openAt(t, stream(fixture('openai/chat.txt')));
    const { answer } = await collect(client, requestOf('Where?', { model: 'gpt-4o-mini' }));
    assert.equal(answer.text, paris);
    assert.equal(answer.model, 'gpt-4o-mini-2024-07-18');
    assert.equal(answer.finishReason, 'stop');
    assert.deepEqual(answer.usage, { inputTokens: 1117, outputTokens: 46, cachedInputTokens: 1024, reasoningTokens: 0 });
  });

  it('is the same in pieces of any size, with CRLF, and with comments between the events', async (t) => {
    const text = fixture('openai/chat.txt').replaceAll('\n\n', '\n\n: OPENROUTER PROCESSING\n\n').replaceAll('\n', '\r\n');
    const { client } = await openAt(t, async (exchange) => {
      exchange.startStream();
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 37) await exchange.write(bytes.subarray(at, at + 37));
      exchange.end();
    });
    const { answer } = await collect(client, requestOf('Where?'));
    assert.equal(answer.text, paris);
    assert.equal(answer.usage.inputTokens, 1117);
  });

  it('is whole without [DONE] where there is a reason, and with [DONE] where there is none', async (t) => {
    const bodies = ['data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n', 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n'];
    const { client } = await openAt(t, (exchange) => stream(bodies.shift() ?? '')(exchange));
    const backend = backendOf(client);
    assert.equal((await backend.complete(requestOf('x'))).finishReason, 'stop');
    assert.equal((await backend.complete(requestOf('x'))).finishReason, 'unknown');
  });

  it('is read from one JSON object where a server does not stream', async (t) => {
    const { client } = await openAt(t, (exchange) =>
      exchange.json(200, { model: 'm', choices: [{ message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 3, completion_tokens: 1 } }),
    );
    const { text, usage } = await backendOf(client).complete(requestOf('x'));
    assert.equal(text, 'Hi');
    assert.deepEqual(usage, { inputTokens: 3, outputTokens: 1, estimated: false });
  });

  it('takes images and tools in OpenAI’s own form', async (t) => {
    const { client, server } = await openAt(t, hello);
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=', detail: 'low' } },
    ];
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }] as const;
    const responseFormat = { type: 'json_schema', json_schema: { name: 'a', schema: {} } };
    await collect(client, requestOf([{ role: 'user', content }], { tools: [...tools], toolChoice: 'required', responseFormat }));
    const { json } = server.requests[0] ?? assert.fail();
    assert.deepEqual(json['messages'], [{ role: 'user', content }]);
    assert.deepEqual(json['tools'], tools);
    assert.equal(json['tool_choice'], 'required');
    assert.deepEqual(json['response_format'], responseFormat);
  });

  it('puts tool calls together that come in pieces, and takes them back with their results', async (t) => {
    const { client, server } = await openAt(t, stream(fixture('openai/chat-tools.txt')));
    const { answer } = await collect(client, requestOf('Weather and time?'));
    assert.equal(answer.finishReason, 'tool_calls');
    assert.deepEqual(answer.message, {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'call_Lx1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
        { id: 'call_Lx2', type: 'function', function: { name: 'get_time', arguments: '{}' } },
      ],
    });
    const conversation = [{ role: 'user', content: 'Weather?' }, answer.message, { role: 'tool', tool_call_id: 'call_Lx1', content: '21' }];
    await collect(client, requestOf(conversation));
    assert.deepEqual(server.requests[1]?.json['messages'], conversation);
  });

  it('keeps reasoning apart, by either of its names, and does not send it back', async (t) => {
    const chunks = [{ reasoning_content: 'Hm, ' }, { reasoning: 'well.' }, { content: 'Yes.' }].map((delta) => ({ choices: [{ index: 0, delta }] }));
    const usage = { prompt_tokens: 5, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 6 } };
    const { client, server } = await openAt(t, (exchange) => exchange.events([...chunks, { choices: [], usage }]));
    const { answer } = await collect(client, requestOf('Is it?'));
    assert.deepEqual(answer.message, { role: 'assistant', content: 'Yes.', thinking: 'Hm, well.' });
    assert.equal(answer.usage.reasoningTokens, 6);
    await collect(client, requestOf([answer.message, { role: 'user', content: 'Sure?' }]));
    const { json } = server.requests[1] ?? assert.fail();
    assert.deepEqual((json['messages'] as unknown[])[0], { role: 'assistant', content: 'Yes.' });
  });

  it('merges extra into the body, where it wins', async (t) => {
    const { client, server } = await openAt(t, hello);
    await collect(client, requestOf('x', { temperature: 1, extra: { reasoning_effort: 'low', temperature: 0 } }));
    assert.equal(server.requests[0]?.json['reasoning_effort'], 'low');
    assert.equal(server.requests[0]?.json['temperature'], 0);
  });

  it('sends organization and project, where the account has them', async (t) => {
    const { client, server } = await openAt(t, hello, { organization: 'org-1', project: ' proj_2 ' });
    await collect(client, requestOf('x'));
    assert.equal(server.requests[0]?.headers['openai-organization'], 'org-1');
    assert.equal(server.requests[0]?.headers['openai-project'], 'proj_2');
  });

  it('costs what the price table says at OpenAI, nothing on this machine, and the user’s own prices before all', () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 1_000_000, cachedInputTokens: 500_000, estimated: false };
    const cost = (baseUrl: string, model: string, prices?: string) => costOf(usage, model, new OpenAiAccount({ baseUrl, apiKey: 'sk-x', prices }).prices);
    const listed = cost('', 'gpt-4o-mini-2024-07-18');
    assert.equal(listed?.outputUsd, 0.6);
    assert.ok(Math.abs((listed?.inputUsd ?? 0) - (0.5 * 0.15 + 0.5 * 0.075)) < 1e-9);
    assert.equal(cost('', 'no-such-model'), undefined);
    assert.equal(cost('http://localhost:11434/v1', 'gpt-4o-mini')?.usd, 0);
    assert.equal(cost('http://192.168.1.4:1234/v1', 'qwen3')?.usd, 0);
    assert.ok((cost('https://api.groq.com/openai/v1', 'llama-3.3-70b-versatile')?.usd ?? 0) > 0);
    assert.equal(cost('https://llm.example.com/v1', 'qwen3'), undefined);
    assert.equal(cost('http://localhost:11434/v1', 'qwen3', '{"qwen3":{"input":1,"output":2}}')?.usd, 3);
  });
});
