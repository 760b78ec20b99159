/** How requests in OpenAI's format are read. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLlmError } from '../../nodes/core/errors.ts';
import type { JsonObject } from '../../nodes/core/json.ts';
import type { Format } from '../../nodes/formats/format.ts';
import { openAiChat } from '../../nodes/formats/openai-chat/format.ts';
import { openAiCompletions } from '../../nodes/formats/openai-completions/format.ts';

const messages = [{ role: 'user', content: 'Hi' }];
const chat = (fields: JsonObject = {}) => openAiChat.readRequest({ messages, ...fields });
const completions = (fields: JsonObject = {}) => openAiCompletions.readRequest({ prompt: 'Hi', ...fields });

/** What a body is refused with. */
function refusalOf(format: Format, body: JsonObject): string {
  try {
    format.readRequest(body);
  } catch (error) {
    assert.ok(isLlmError(error) && error.kind === 'invalid_request', String(error));
    return error.message;
  }
  return assert.fail(`It was taken: ${JSON.stringify(body)}`);
}

describe('A chat request', () => {
  it('has its settings by the palette’s names', () => {
    const tools = [{ type: 'function', function: { name: 'now' } }];
    const responseFormat = { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } };
    const { llm } = chat({
      model: 'gpt', max_tokens: 5, temperature: 0, top_p: 0.5, stop: ['END'], seed: 7, tools, tool_choice: 'auto', response_format: responseFormat, n: 1,
    });
    assert.deepEqual(llm, { model: 'gpt', maxTokens: 5, temperature: 0, topP: 0.5, stop: ['END'], seed: 7, tools, toolChoice: 'auto', responseFormat });
    assert.deepEqual(chat({ max_completion_tokens: 6, stop: 'END' }).llm, { maxTokens: 6, stop: 'END', openai: { max_completion_tokens: 6 } });
  });

  it('has its conversation as it is: roles, images, tool calls, tool results', () => {
    const conversation = [
      { role: 'system', content: 'Be brief.' },
      { role: 'developer', content: 'Be kind.' },
      { role: 'user', name: 'ann', content: [{ type: 'text', text: 'Look' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } }] },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'now', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c', content: 'noon' },
    ];
    assert.deepEqual(chat({ messages: conversation }).prompt, conversation);
  });

  it('carries the fields that only this API knows, and no nulls', () => {
    const own = { logprobs: true, top_logprobs: 2, logit_bias: { 5: 1 }, presence_penalty: 0 };
    assert.deepEqual(chat({ ...own, seed: null, metadata: null }).llm, { openai: own });
    assert.deepEqual(chat().llm, {});
  });

  it('changes no prototype by a field’s name', () => {
    const { llm } = openAiChat.readRequest(JSON.parse('{"messages":[{"role":"user","content":"Hi"}],"__proto__":{"polluted":true},"constructor":1}') as JsonObject);
    assert.equal(Object.getPrototypeOf(llm), Object.prototype);
    assert.equal(Object.getPrototypeOf(llm.openai), Object.prototype);
    assert.equal('polluted' in {}, false);
    assert.deepEqual(Object.keys(llm), ['openai']);
  });

  it('brings no second prompt past the flow', () => {
    for (const field of ['prompt', 'system', 'input', 'instructions', 'documents', 'suffix', 'chat_template', 'conversation']) assert.match(refusalOf(openAiChat, { messages, [field]: 'x' }), new RegExp(`^${field} has no place`));
  });

  it('is streamed where it says so, with the usage where it says so', () => {
    const wants = (fields: JsonObject) => [chat(fields).stream, chat(fields).includeUsage];
    assert.deepEqual(wants({}), [false, false]);
    assert.deepEqual(wants({ stream: null, stream_options: null }), [false, false]);
    assert.deepEqual(wants({ stream: true }), [true, false]);
    assert.deepEqual(wants({ stream: true, stream_options: { include_usage: false } }), [true, false]);
    assert.deepEqual(wants({ stream: true, stream_options: { include_usage: true } }), [true, true]);
  });

  const wrong: Array<[field: string, ...values: unknown[]]> = [
    ['messages', undefined, null, 'Hi', {}, []],
    ['n', 2, 0, '1'],
    ['stream', 'yes', 1],
    ['stream_options', true, 'usage'],
    ['model', 7, {}],
    ['max_tokens', '5', 0, 1.5],
    ['max_completion_tokens', -1],
    ['temperature', 'hot', -1],
    ['top_p', 2],
    ['seed', 1.5],
    ['stop', 7, [7], ['']],
    ['tools', {}, 'now'],
    ['response_format', 'json'],
  ];
  for (const [field, ...values] of wrong) {
    it(`is refused by the name of ${field} where that is wrong`, () => {
      for (const value of values) assert.match(refusalOf(openAiChat, { messages, [field]: value }), new RegExp(`\\b${field}\\b`));
    });
  }

  it('is refused by the name that was used, where a setting has two', () => {
    assert.match(refusalOf(openAiChat, { messages, max_tokens: 5, max_completion_tokens: 0 }), /^max_completion_tokens /);
    assert.match(refusalOf(openAiChat, { messages, max_completion_tokens: 5, max_tokens: 0 }), /^max_tokens /);
  });

  it('is refused by the place of a message that is wrong', () => {
    const good = messages[0];
    const bad: Array<[unknown, string]> = [
      [7, 'messages[1]'],
      [{ role: 'king', content: 'x' }, 'messages[1].role'],
      [{ role: 'user' }, 'messages[1].content'],
      [{ role: 'user', content: [{ type: 7 }] }, 'messages[1].content[0].type'],
      [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }, 'messages[1].content[0].image_url.url'],
      [{ role: 'tool', content: 'x' }, 'messages[1]'],
      [{ role: 'assistant', content: null, tool_calls: [{}] }, 'messages[1].tool_calls[0]'],
    ];
    for (const [message, place] of bad) assert.ok(refusalOf(openAiChat, { messages: [good, message] }).startsWith(`${place} `), place);
  });
});

describe('A completions request', () => {
  it('has one text, its settings, and what this API alone knows', () => {
    assert.deepEqual(completions({ max_tokens: 3, suffix: 'end', best_of: 1, echo: false }), { prompt: 'Hi', llm: { maxTokens: 3, openai: { suffix: 'end' } }, stream: false, includeUsage: false });
    assert.equal(openAiCompletions.readRequest({ prompt: ['Hi'] }).prompt, 'Hi');
  });

  it('is refused by the name of what is wrong', () => {
    for (const prompt of [undefined, '', [], ['a', 'b'], [1, 2], [''], 7, {}]) assert.match(refusalOf(openAiCompletions, { prompt }), /^prompt /);
    assert.match(refusalOf(openAiCompletions, { prompt: 'x', echo: true }), /^echo /);
    assert.match(refusalOf(openAiCompletions, { prompt: 'x', n: 3 }), /^n /);
    assert.match(refusalOf(openAiCompletions, { prompt: 'x', messages }), /^messages /);
    assert.match(refusalOf(openAiCompletions, { prompt: 'x', max_tokens: 'x' }), /^max_tokens /);
  });
});
