/** How requests in Anthropic's format are read. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChatMessage } from '../../../nodes/core/conversation/message.ts';
import { isLlmError } from '../../../nodes/core/errors.ts';
import type { JsonObject } from '../../../nodes/core/json.ts';
import { anthropicMessages } from '../../../nodes/formats/anthropic-messages/format.ts';
import { writeConversation as translateMessages, writeTools as translateTools } from '../../../nodes/formats/anthropic-messages/request-out.ts';
import { writeChoice, writeFormat } from '../../../nodes/formats/anthropic-messages/settings.ts';

const base = { max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
const read = (fields: JsonObject = {}) => anthropicMessages.readRequest({ ...base, ...fields });
const promptOf = (...messages: unknown[]) => read({ messages }).prompt as ChatMessage[];
const user = (...content: object[]) => ({ role: 'user', content });
const assistant = (...content: object[]) => ({ role: 'assistant', content });
const text = (text: string) => ({ type: 'text', text });

function refusalOf(fields: JsonObject): string {
  try {
    read(fields);
  } catch (error) {
    assert.ok(isLlmError(error) && error.kind === 'invalid_request', String(error));
    return error.message;
  }
  return assert.fail(`It was taken: ${JSON.stringify(fields)}`);
}

describe('An Anthropic request', () => {
  it('has its settings by the palette’s names, and carries what this API alone knows', () => {
    const { llm, stream } = read({ model: 'm', temperature: 1, top_p: 0.9, stop_sequences: ['END'], top_k: 5, metadata: { user_id: 'ann' }, thinking: { type: 'adaptive' }, stream: false });
    const anthropic = { thinking: { type: 'adaptive' } };
    assert.deepEqual(llm, { model: 'm', maxTokens: 9, temperature: 1, topP: 0.9, topK: 5, stop: ['END'], user: 'ann', effort: 'medium', anthropic });
    assert.equal(stream, false);
    assert.equal(read({ stream: true }).stream, true);
  });

  it('has its system prompt in front, whether it is one text or blocks', () => {
    assert.deepEqual(read({ system: 'Be brief.' }).prompt, [{ role: 'system', content: 'Be brief.' }, base.messages[0]]);
    const mark = { cache_control: { type: 'ephemeral' } };
    const [system] = read({ system: [text('a'), { ...text('b'), ...mark }] }).prompt as ChatMessage[];
    assert.deepEqual(system, { role: 'system', content: [text('a'), { ...text('b'), anthropic: mark }] });
    for (const system of [null, '', []]) assert.deepEqual(read({ system }).prompt, base.messages);
    assert.deepEqual(promptOf({ role: 'system', content: 'Be kind.' }, base.messages[0]), [{ role: 'system', content: 'Be kind.', apart: true }, base.messages[0]]);
  });

  it('has its images, from data and from addresses', () => {
    const source = { type: 'base64', media_type: 'image/png', data: 'AA==' };
    const [message] = promptOf(user(text('Look'), { type: 'image', source }, { type: 'image', source: { type: 'url', url: 'https://a/b.png' } }));
    assert.deepEqual(message?.content, [
      text('Look'),
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
      { type: 'image_url', image_url: { url: 'https://a/b.png' } },
    ]);
  });

  it('has its tool calls and results, the results as messages of their own before the question', () => {
    const conversation = promptOf(
      assistant(text('I look.'), { type: 'tool_use', id: 'a', name: 'now', input: { zone: 'x' } }, { type: 'tool_use', id: 'b', name: 'then' }),
      user(text('And?'), { type: 'tool_result', tool_use_id: 'a', content: 'noon' }, { type: 'tool_result', tool_use_id: 'b', content: [text('one'), text('two')] }),
      assistant({ type: 'tool_use', id: 'c', name: 'now', input: {} }),
      user({ type: 'tool_result', tool_use_id: 'c' }),
    );
    const call = (id: string, name: string, json: string) => ({ id, type: 'function', function: { name, arguments: json } });
    assert.deepEqual(conversation, [
      { role: 'assistant', content: 'I look.', tool_calls: [call('a', 'now', '{"zone":"x"}'), call('b', 'then', '{}')] },
      { role: 'tool', tool_call_id: 'a', content: 'noon' },
      { role: 'tool', tool_call_id: 'b', content: [text('one'), text('two')] },
      { role: 'user', content: [text('And?')] },
      { role: 'assistant', content: null, tool_calls: [call('c', 'now', '{}')] },
      { role: 'tool', tool_call_id: 'c', content: '' },
    ]);
  });

  it('loses no image that a tool gave', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } };
    const [result] = promptOf(user({ type: 'tool_result', tool_use_id: 'a', content: [text('A screen'), image] }));
    assert.deepEqual(result?.content, [text('A screen'), { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }]);
  });

  it('keeps thinking with its signature', () => {
    const [message] = promptOf(assistant({ type: 'thinking', thinking: 'Hm', signature: 'S' }, text('Yes')));
    assert.deepEqual(message, { role: 'assistant', content: 'Yes', thinking: 'Hm', thinkingSignature: 'S' });
  });

  it('has its tools as functions, and the provider’s own as they are', () => {
    const schema = { type: 'object', properties: {} };
    const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 3 };
    const { tools } = read({ tools: [{ name: 'now', description: 'The time', input_schema: schema, strict: true }, { type: 'custom', name: 'then', input_schema: schema }, search] }).llm;
    assert.deepEqual(tools, [
      { type: 'function', function: { name: 'now', description: 'The time', strict: true, parameters: schema } },
      { type: 'function', function: { name: 'then', parameters: schema }, anthropic: { type: 'custom' } },
      { type: 'own', dialect: 'anthropic', tool: search },
    ]);
  });

  it('has its choice of a tool in the palette’s words', () => {
    const tools = [{ name: 'now', input_schema: {} }];
    const choiceOf = (choice: unknown) => read({ tools, tool_choice: choice }).llm.toolChoice;
    assert.deepEqual(['auto', 'none', 'any'].map((type) => choiceOf({ type })), ['auto', 'none', 'required']);
    assert.deepEqual(choiceOf({ type: 'tool', name: 'now' }), { type: 'function', function: { name: 'now' } });
    assert.equal(choiceOf(null), undefined);
    assert.equal('toolChoice' in read({ tools: [], tool_choice: { type: 'any' } }).llm, false, 'Without tools there is nothing to choose.');
  });

  it('has its format in OpenAI’s words, and what else the output is to be as it is', () => {
    const schema = { type: 'object' };
    const format = { type: 'json_schema', schema };
    const responseFormat = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } };
    assert.deepEqual(read({ output_config: { format } }).llm, { maxTokens: 9, responseFormat });
    assert.deepEqual(read({ output_config: { format, effort: 'low' } }).llm, { maxTokens: 9, responseFormat, effort: 'low', anthropic: { output_config: { effort: 'low' } } });
    assert.deepEqual(read({ output_config: { effort: 'low' } }).llm, { maxTokens: 9, effort: 'low', anthropic: { output_config: { effort: 'low' } } });
    assert.deepEqual(writeFormat(responseFormat), format);
  });

  it('arrives at Anthropic as it was written', () => {
    const messages = [
      user(text('What is this?'), { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } }),
      assistant({ type: 'thinking', thinking: 'Hm', signature: 'S' }, text('I look.'), { type: 'tool_use', id: 'a', name: 'now', input: { deep: [1] } }),
      user({ type: 'tool_result', tool_use_id: 'a', content: [text('noon')] }, text('So?')),
    ];
    const tools = [{ name: 'now', description: 'The time', input_schema: { type: 'object' }, strict: true }];
    const { prompt, llm } = read({ system: 'Be brief.', messages, tools, tool_choice: { type: 'tool', name: 'now' } });
    assert.deepEqual(translateMessages(prompt as ChatMessage[]), { system: 'Be brief.', messages });
    assert.deepEqual(JSON.parse(JSON.stringify(translateTools(llm.tools))), tools);
    assert.deepEqual(writeChoice(llm.toolChoice), { type: 'tool', name: 'now' });
  });

  const wrong: Array<[field: string, ...values: unknown[]]> = [
    ['messages', undefined, null, 'Hi', [], [7], [{ role: 'king', content: 'x' }], [{ role: 'user' }], [{ role: 'user', content: 7 }]],
    ['max_tokens', undefined, null, '9', 0],
    ['system', 7, [7], [{ type: 'text' }]],
    ['model', 7],
    ['temperature', 'hot'],
    ['top_p', -1],
    ['stop_sequences', 7, ['']],
    ['stream', 'yes'],
    ['tools', {}, [7], [{}]],
    ['tool_choice', 'auto', {}, { type: 'tool' }, { type: 'some' }],
    ['prompt', 'x'],
  ];
  for (const [field, ...values] of wrong) {
    it(`is refused by the name of ${field} where that is wrong`, () => {
      for (const value of values) assert.match(refusalOf({ [field]: value }), new RegExp(`\\b${field}\\b`));
    });
  }

  it('is refused for blocks that have no place in it', () => {
    const blocks = [
      { type: 'document' }, { type: 'text' }, { type: 'image' }, { type: 'image', source: 'x' }, { type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } }, { type: 'tool_result' }, { text: 'x' },
      { type: 'tool_result', tool_use_id: 'a', content: 7 }, { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'document' }] },
    ];
    for (const block of blocks) assert.match(refusalOf({ messages: [user(block)] }), /messages/, JSON.stringify(block));
    assert.match(refusalOf({ messages: [assistant({ type: 'tool_use', id: 'a' })] }), /messages/);
  });
});
