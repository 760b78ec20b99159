import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChatMessage } from '../../../nodes/core/conversation/message.ts';
import { writeConversation as translateMessages, writeRequest, writeTools as translateTools } from '../../../nodes/formats/anthropic-messages/request-out.ts';
import { writeChoice, writeFormat } from '../../../nodes/formats/anthropic-messages/settings.ts';

const text = (value: string) => ({ type: 'text', text: value });
const call = (id: string, name: string, args: string) => ({ id, type: 'function' as const, function: { name, arguments: args } });

describe('A conversation for Anthropic', () => {
  it('has its system prompt apart, and what comes later between the turns', () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
    ];
    assert.deepEqual(translateMessages(messages), { system: 'Be brief.', messages: [{ role: 'user', content: 'Hi' }, { role: 'system', content: [text('Be kind.')] }] });
    const both: ChatMessage[] = [{ role: 'system', content: 'Be brief.' }, { role: 'developer', content: 'Be kind.' }, { role: 'user', content: 'Hi' }];
    assert.equal(translateMessages(both).system, 'Be brief.\n\nBe kind.');
    assert.equal(translateMessages([{ role: 'user', content: 'Hi' }]).system, undefined);
  });

  it('has images as base64 or as an address', () => {
    const content = [
      { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0=' } },
      { type: 'image_url' as const, image_url: { url: 'https://example.com/cat.jpg', detail: 'low' } },
      { type: 'text' as const, text: 'What are these?' },
    ];
    assert.deepEqual(translateMessages([{ role: 'user', content }]).messages[0]?.['content'], [
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
        content: [{ type: 'tool_result', tool_use_id: 'a', content: '21 degrees' }, { type: 'tool_result', tool_use_id: 'b' }, text('And?')],
      },
    ]);
  });

  it('has objects as arguments, also of a call that a model has written badly', () => {
    for (const args of ['{"city":', '[1]', 'Paris']) {
      const messages: ChatMessage[] = [{ role: 'assistant', content: null, tool_calls: [call('a', 'f', args)] }];
      assert.deepEqual(translateMessages(messages).messages, [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: { arguments: args } }] }]);
    }
  });

  it('has thinking in front, but only with its signature', () => {
    const signed = { role: 'assistant', content: 'Yes.', thinking: 'Hm.', thinkingSignature: 'EqQB' } as ChatMessage;
    const hidden = { role: 'assistant', content: 'Yes.', thinkingSignature: 'EqQB' } as ChatMessage;
    const unsigned = { role: 'assistant', content: 'Yes.', thinking: 'Hm.' } as ChatMessage;
    const contentOf = (message: ChatMessage) => translateMessages([message]).messages[0]?.['content'];
    assert.deepEqual(contentOf(signed), [{ type: 'thinking', thinking: 'Hm.', signature: 'EqQB' }, text('Yes.')]);
    assert.deepEqual(contentOf(hidden), [{ type: 'thinking', thinking: '', signature: 'EqQB' }, text('Yes.')]);
    assert.deepEqual(contentOf(unsigned), 'Yes.');
  });

  it('has no blank text, and no turn without any', () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: 'One.' },
      { role: 'user', content: [{ type: 'text', text: 'Two.' }] },
      { role: 'assistant', content: '' },
      { role: 'user', content: ' \n' },
      { role: 'user', content: 'Three.' },
    ];
    assert.deepEqual(translateMessages(messages).messages, [{ role: 'user', content: 'One.' }, { role: 'user', content: [text('Two.')] }, { role: 'user', content: 'Three.' }]);
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
    const tools = [{ type: 'function', function: { name: 'f', description: 'F', parameters, strict: true } }, { type: 'function', function: { name: 'g' } }, { type: 'own', dialect: 'anthropic', tool: own }, { type: 'own', dialect: 'responses', tool: { type: 'file_search' } }];
    assert.deepEqual(JSON.parse(JSON.stringify(translateTools(tools as never))), [
      { name: 'f', description: 'F', input_schema: parameters, strict: true },
      { name: 'g', input_schema: { type: 'object', properties: {} } },
      own,
    ]);
    assert.deepEqual(translateTools(undefined), []);
  });

  it('are chosen from in its own words', () => {
    assert.equal(writeChoice(undefined), undefined);
    assert.deepEqual(writeChoice('auto'), { type: 'auto' });
    assert.deepEqual(writeChoice('none'), { type: 'none' });
    assert.deepEqual(writeChoice('required'), { type: 'any' });
    assert.deepEqual(writeChoice({ type: 'function', function: { name: 'f' } }), { type: 'tool', name: 'f' });
    assert.deepEqual(writeChoice({ type: 'any', disable_parallel_tool_use: true }), { type: 'any', disable_parallel_tool_use: true });
    assert.throws(() => writeChoice('always'), { kind: 'invalid_request' });
  });
});

describe('A response format for Anthropic', () => {
  it('is a JSON schema, or none', () => {
    const schema = { type: 'object' };
    const output = { type: 'json_schema', schema };
    assert.deepEqual(writeFormat({ type: 'json_schema', json_schema: { name: 'x', strict: true, schema } }), output);
    assert.deepEqual(writeFormat({ type: 'json_schema', schema }), output);
    assert.equal(writeFormat({ type: 'text' }), undefined);
    assert.equal(writeFormat(undefined), undefined);
  });

  it('is asked for in words where there is no schema', () => {
    for (const responseFormat of [{ type: 'json_object' }, { type: 'json_schema' }]) {
      const { system, output_config: output } = writeRequest({ messages: [{ role: 'user', content: 'Hi' }], priority: 0, responseFormat }, { maxTokens: 9 });
      assert.match(String(system), /one JSON object/);
      assert.equal(output, undefined);
    }
  });
});
