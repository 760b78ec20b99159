import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { translateFormat, translateMessages, translateToolChoice, translateTools } from '../../../nodes/backends/anthropic/messages.ts';
import type { ChatMessage } from '../../../nodes/core/messages.ts';

const text = (value: string) => ({ type: 'text', text: value });
const call = (id: string, name: string, args: string) => ({ id, type: 'function' as const, function: { name, arguments: args } });

describe('A conversation for Anthropic', () => {
  it('has its system prompt apart, from wherever it stood', () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
    ];
    assert.deepEqual(translateMessages(messages), { system: 'Be brief.\n\nBe kind.', messages: [{ role: 'user', content: [text('Hi')] }] });
    assert.equal(translateMessages([{ role: 'user', content: 'Hi' }]).system, undefined);
  });

  it('has images as base64 or as an address', () => {
    const content = [
      { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0=' } },
      { type: 'image_url' as const, image_url: { url: 'https://example.com/cat.jpg', detail: 'low' } },
      { type: 'text' as const, text: 'What are these?' },
    ];
    assert.deepEqual(translateMessages([{ role: 'user', content }]).messages[0]?.content, [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' } },
      { type: 'image', source: { type: 'url', url: 'https://example.com/cat.jpg' } },
      text('What are these?'),
    ]);
  });

  it('can have no image from a file', () => {
    const content = [{ type: 'image_url' as const, image_url: { url: 'file:///etc/canary.png' } }];
    assert.throws(() => translateMessages([{ role: 'user', content }]), (error: Error) => 'kind' in error && error.kind === 'invalid_request' && !error.message.includes('canary'));
  });

  it('has tool calls as tool_use, and their results with the next question in one turn', () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: 'Weather and time?' },
      { role: 'assistant', content: 'I will look.', tool_calls: [call('a', 'get_weather', '{"city":"Paris"}'), call('b', 'get_time', '')] },
      { role: 'tool', tool_call_id: 'a', content: '21 degrees' },
      { role: 'tool', tool_call_id: 'b', content: '' },
      { role: 'user', content: 'And?' },
    ];
    assert.deepEqual(translateMessages(messages).messages.slice(1), [
      {
        role: 'assistant',
        content: [
          text('I will look.'),
          { type: 'tool_use', id: 'a', name: 'get_weather', input: { city: 'Paris' } },
          { type: 'tool_use', id: 'b', name: 'get_time', input: {} },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'a', content: [text('21 degrees')] }, { type: 'tool_result', tool_use_id: 'b' }, text('And?')],
      },
    ]);
  });

  it('must have JSON objects as arguments', () => {
    for (const args of ['{"city":', '[1]', 'canary']) {
      const messages: ChatMessage[] = [{ role: 'assistant', content: null, tool_calls: [call('a', 'f', args)] }];
      assert.throws(() => translateMessages(messages), (error: Error) => /no JSON object/.test(error.message) && !error.message.includes('canary'));
    }
  });

  it('has thinking in front, but only with its signature', () => {
    const signed = { role: 'assistant', content: 'Yes.', thinking: 'Hm.', thinkingSignature: 'EqQB' } as ChatMessage;
    const hidden = { role: 'assistant', content: 'Yes.', thinkingSignature: 'EqQB' } as ChatMessage;
    const unsigned = { role: 'assistant', content: 'Yes.', thinking: 'Hm.' } as ChatMessage;
    const contentOf = (message: ChatMessage) => translateMessages([message]).messages[0]?.content;
    assert.deepEqual(contentOf(signed), [{ type: 'thinking', thinking: 'Hm.', signature: 'EqQB' }, text('Yes.')]);
    assert.deepEqual(contentOf(hidden), [{ type: 'thinking', thinking: '', signature: 'EqQB' }, text('Yes.')]);
    assert.deepEqual(contentOf(unsigned), [text('Yes.')]);
  });

  it('has one turn after the other, and no blank text', () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: 'One.' },
      { role: 'user', content: [{ type: 'text', text: 'Two.' }] },
      { role: 'assistant', content: '' },
      { role: 'user', content: ' \n' },
      { role: 'user', content: 'Three.' },
    ];
    assert.deepEqual(translateMessages(messages).messages, [{ role: 'user', content: [text('One.'), text('Two.'), text('Three.')] }]);
  });

  it('leaves the caller’s messages as they were', () => {
    const messages: ChatMessage[] = [{ role: 'user', content: [{ type: 'text', text: 'One.' }] }, { role: 'user', content: 'Two.' }];
    const before = structuredClone(messages);
    translateMessages(messages);
    assert.deepEqual(messages, before);
  });
});

describe('Tools for Anthropic', () => {
  it('have their schema by another name', () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } } };
    const own = { type: 'web_search_20250305', name: 'web_search' };
    const tools = [{ type: 'function', function: { name: 'f', description: 'F', parameters, strict: true } }, { type: 'function', function: { name: 'g' } }, own];
    assert.deepEqual(JSON.parse(JSON.stringify(translateTools(tools as never))), [
      { name: 'f', description: 'F', input_schema: parameters, strict: true },
      { name: 'g', input_schema: { type: 'object', properties: {} } },
      own,
    ]);
    assert.equal(translateTools(undefined), undefined);
  });

  it('are chosen from in its own words', () => {
    assert.equal(translateToolChoice(undefined), undefined);
    assert.deepEqual(translateToolChoice('auto'), { type: 'auto' });
    assert.deepEqual(translateToolChoice('none'), { type: 'none' });
    assert.deepEqual(translateToolChoice('required'), { type: 'any' });
    assert.deepEqual(translateToolChoice({ type: 'function', function: { name: 'f' } }), { type: 'tool', name: 'f' });
    assert.deepEqual(translateToolChoice({ type: 'any', disable_parallel_tool_use: true }), { type: 'any', disable_parallel_tool_use: true });
    assert.throws(() => translateToolChoice('always'), { kind: 'invalid_request' });
  });
});

describe('A response format for Anthropic', () => {
  it('is a JSON schema, or none', () => {
    const schema = { type: 'object' };
    const output = { format: { type: 'json_schema', schema } };
    assert.deepEqual(translateFormat({ type: 'json_schema', json_schema: { name: 'x', strict: true, schema } }), output);
    assert.deepEqual(translateFormat({ type: 'json_schema', schema }), output);
    assert.equal(translateFormat({ type: 'text' }), undefined);
    assert.equal(translateFormat(undefined), undefined);
  });

  it('cannot be JSON without a schema', () => {
    for (const format of [{ type: 'json_object' }, { type: 'json_schema' }, 'json']) {
      assert.throws(() => translateFormat(format), { kind: 'invalid_request', hint: /json_schema/ });
    }
  });
});
