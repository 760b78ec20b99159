/** The official clients of OpenAI and Anthropic against a running Node-RED, over every backend, a pool and a fallback. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { calledIn } from '../../nodes/core/conversation/calls.ts';
import { assertFormat, assertImage, endpoints, png, recordedAnswer, schema, toolNamesIn, ways } from '../support/client-checks.ts';
import { cleanEnvironment } from '../support/environment.ts';
import { type Gateway, hello, startGateway } from '../support/gateway.ts';

cleanEnvironment();

const openAiTools = [{ type: 'function' as const, function: { name: 'get_weather', description: 'The weather', parameters: schema } }];
const anthropicTools = [{ name: 'get_weather', description: 'The weather', input_schema: schema }];

describe('The official clients', () => {
  let gateway: Gateway;

  before(async () => {
    gateway = await startGateway(endpoints);
  });

  after(() => gateway?.stop());

  test('get the echo of their prompt, whole and streamed', async () => {
    const openai = await gateway.openai('/echo').chat.completions.create({ model: 'any', messages: hello });
    assert.deepEqual([openai.choices[0]?.message.content, openai.model, openai.usage?.completion_tokens], ['Hello there', 'any', 2]);
    const anthropic = await gateway.anthropic('/echo').messages.create({ model: 'any', max_tokens: 9, messages: hello });
    assert.deepEqual([anthropic.content, anthropic.stop_reason], [[{ type: 'text', text: 'Hello there' }], 'end_turn']);
    const text = await gateway.openai('/echo').completions.create({ model: 'any', prompt: 'Hello there', max_tokens: 1 });
    assert.deepEqual([text.choices[0]?.text, text.choices[0]?.finish_reason], ['Hello', 'length']);
    const chunks: string[] = [];
    for await (const chunk of await gateway.openai('/echo').completions.create({ model: 'any', prompt: 'Hello there', stream: true })) chunks.push(chunk.choices[0]?.text ?? '');
    assert.deepEqual(chunks, ['Hello', ' there', '']);
    assert.deepEqual((await gateway.openai('/echo').models.list()).data.map(({ id }) => id), ['default']);
    assert.equal((await gateway.openai('/echo').models.retrieve('x/y')).id, 'x/y');
  });

  for (const [path, name] of ways) {
    test(`get the same text, reason and usage over ${path}, whole and streamed`, async () => {
      const { text, usage } = await recordedAnswer(name, 'text');
      const openai = gateway.openai(path).chat.completions;
      const whole = await openai.create({ model: 'text', messages: hello });
      const stream = openai.stream({ model: 'text', messages: hello, stream_options: { include_usage: true } });
      for (const answer of [whole, await stream.finalChatCompletion()]) {
        assert.deepEqual([answer.choices[0]?.message.content, answer.choices[0]?.message.role], [text, 'assistant']);
        assert.deepEqual([answer.usage?.prompt_tokens, answer.usage?.completion_tokens], [usage.inputTokens, usage.outputTokens]);
        assert.match(answer.id, /^chatcmpl-/);
      }
      assert.equal(whole.choices[0]?.finish_reason, (await stream.finalChatCompletion()).choices[0]?.finish_reason);

      const anthropic = gateway.anthropic(path).messages;
      const request = { model: 'text', max_tokens: 50, messages: hello };
      const streamed = anthropic.stream(request);
      const said: string[] = [];
      streamed.on('text', (delta) => said.push(delta));
      for (const answer of [await anthropic.create(request), await streamed.finalMessage()]) {
        const { input_tokens: input, cache_creation_input_tokens: created, cache_read_input_tokens: read, output_tokens: output } = answer.usage;
        assert.deepEqual(answer.content, [{ type: 'text', text }]);
        assert.deepEqual([input + (created ?? 0) + (read ?? 0), output], [usage.inputTokens, usage.outputTokens]);
        assert.match(answer.id, /^msg_/);
      }
      assert.equal(said.join(''), text);
      assert.ok(said.length > 1, 'It came in pieces.');
    });

    test(`call tools over ${path}, and bring their results`, async () => {
      const { toolCalls, thinking, message: { thinkingSignature: signature } } = await recordedAnswer(name, 'tools');
      const expected = toolCalls.map((call) => [call.id, calledIn(call).name, JSON.parse(calledIn(call).input) as unknown]);

      const openai = gateway.openai(path).chat.completions;
      const request = { model: 'text', messages: hello, tools: openAiTools, tool_choice: 'auto' as const };
      for (const answer of [await openai.create(request), await openai.stream(request).finalChatCompletion()]) {
        const [choice] = answer.choices;
        const calls = choice?.message.tool_calls?.map((call) => (call.type === 'function' ? [call.id, call.function.name, JSON.parse(call.function.arguments)] : []));
        assert.deepEqual([calls, choice?.finish_reason], [expected, 'tool_calls']);
        assert.deepEqual(toolNamesIn(gateway.providers.last().json['tools']), ['get_weather']);
        const results = toolCalls.map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: 'sunny' }));
        const next = await openai.create({ ...request, messages: [...hello, choice?.message ?? assert.fail(), ...results] });
        assert.equal(next.choices[0]?.finish_reason === 'tool_calls', false);
        assert.match(gateway.providers.last().text, /sunny/);
      }

      const anthropic = gateway.anthropic(path).messages;
      const asked = { model: 'text', max_tokens: 50, messages: hello, tools: anthropicTools, tool_choice: { type: 'auto' as const } };
      for (const answer of [await anthropic.create(asked), await anthropic.stream(asked).finalMessage()]) {
        const calls = answer.content.flatMap((block) => (block.type === 'tool_use' ? [[block.id, block.name, block.input]] : []));
        assert.deepEqual([calls, answer.stop_reason], [expected, 'tool_use']);
        const thoughts = answer.content.flatMap((block) => (block.type === 'thinking' ? [[block.thinking, block.signature]] : []));
        assert.deepEqual(thoughts, thinking ? [[thinking, signature ?? '']] : []);
        const results = toolCalls.map(({ id }) => ({ type: 'tool_result' as const, tool_use_id: id, content: 'sunny' }));
        await anthropic.create({ ...asked, messages: [...hello, { role: 'assistant', content: answer.content }, { role: 'user', content: results }] });
        const { text } = gateway.providers.last();
        assert.match(text, /sunny/);
        if (name === 'anthropic') assert.ok(text.includes(JSON.stringify(signature)), 'The thinking came back with its signature.');
      }
    });

    test(`ask for JSON by a schema, and show images, over ${path}`, async () => {
      const format = { type: 'json_schema' as const, json_schema: { name: 'place', strict: true, schema } };
      const openai = gateway.openai(path).chat.completions;
      await openai.create({ model: 'text', messages: hello, response_format: format });
      assertFormat(name, gateway.providers.last().json, 'place');
      await gateway.anthropic(path).messages.create({ model: 'text', max_tokens: 9, messages: hello, output_config: { format: { type: 'json_schema', schema } } });
      assertFormat(name, gateway.providers.last().json, 'answer');

      const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${png}` } };
      await openai.create({ model: 'text', messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, image] }] });
      assertImage(name, gateway.providers.last().json);
      const source = { type: 'base64' as const, media_type: 'image/png' as const, data: png };
      await gateway.anthropic(path).messages.create({ model: 'text', max_tokens: 9, messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, { type: 'image', source }] }] });
      assertImage(name, gateway.providers.last().json);
    });
  }

  test('bring their other settings to the provider', async () => {
    await gateway.openai('/openai').chat.completions.create({
      model: 'text', messages: hello, max_tokens: 5, temperature: 0.5, top_p: 0.9, stop: ['END'], seed: 7, user: 'ann', logprobs: true, top_logprobs: 2,
    });
    const { model: _model, messages: _messages, stream: _stream, stream_options: _options, ...rest } = gateway.providers.last().json;
    assert.deepEqual(rest, { max_tokens: 5, temperature: 0.5, top_p: 0.9, stop: ['END'], seed: 7, user: 'ann', logprobs: true, top_logprobs: 2 });
    const request = { model: 'text', messages: hello, system: 'Be brief.', max_tokens: 5, top_k: 3, stop_sequences: ['END'], metadata: { user_id: 'ann' } };
    await gateway.anthropic('/anthropic').messages.create(request);
    const { json } = gateway.providers.last();
    assert.deepEqual([json['system'], json['max_tokens'], json['top_k'], json['stop_sequences'], json['metadata']], ['Be brief.', 5, 3, ['END'], { user_id: 'ann' }]);
  });

  test('learn who answered, and after how many attempts', async () => {
    const { response } = await gateway.openai('/gateway').chat.completions.create({ model: 'text', messages: hello }).withResponse();
    assert.deepEqual([response.headers.get('x-llm-backend'), response.headers.get('x-llm-attempts')], ['vllm', '2']);
  });
});
