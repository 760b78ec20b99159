/** How answers in Anthropic's format are written. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FinishReason, StreamPart } from '../../../nodes/core/completion.ts';
import { LlmError } from '../../../nodes/core/errors.ts';
import { anthropicMessages } from '../../../nodes/formats/anthropic-messages/format.ts';
import { completionOf, eventsIn, identity, streamed, written } from '../../support/formats.ts';
import { finish, text } from '../../support/scripted-client.ts';

const usage: StreamPart = { type: 'usage', usage: { inputTokens: 10, outputTokens: 2, cachedInputTokens: 4, cacheWriteTokens: 3, reasoningTokens: 1 } };
const usageObject = {
  input_tokens: 3, cache_creation_input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 2, output_tokens_details: { thinking_tokens: 1 },
};
const thinking = (text: string, signature?: string): StreamPart => ({ type: 'thinking', text, ...(signature !== undefined && { carried: { anthropic: { signature } } }) });
const call = (index: number, fields: { id?: string; name?: string; arguments?: string }): StreamPart => ({ type: 'toolCall', index, ...fields });
const calls = [call(0, { id: 'a', name: 'now' }), call(0, { arguments: '{"x"' }), call(0, { arguments: ':1}' }), call(1, { id: 'b', name: 'then', arguments: '{}' })];

describe('A whole message', () => {
  const whole = (...parts: StreamPart[]) => anthropicMessages.writeAnswer(completionOf(parts), identity);

  it('is an object as the API has it', () => {
    assert.deepEqual(whole(text('Hi'), finish, usage), {
      id: 'id-1',
      type: 'message',
      role: 'assistant',
      model: 'small',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: usageObject,
    });
  });

  it('has thinking, text and tool calls as blocks', () => {
    assert.deepEqual(whole(thinking('Hm', 'S'), text('I look.'), ...calls, { type: 'finish', reason: 'tool_calls' })['content'], [
      { type: 'thinking', thinking: 'Hm', signature: 'S' },
      { type: 'text', text: 'I look.' },
      { type: 'tool_use', id: 'a', name: 'now', input: { x: 1 } },
      { type: 'tool_use', id: 'b', name: 'then', input: {} },
    ]);
    assert.deepEqual(whole(thinking('', 'S'), text('Hi'), finish)['content'], [{ type: 'thinking', thinking: '', signature: 'S' }, { type: 'text', text: 'Hi' }]);
    assert.deepEqual(whole(finish)['content'], []);
  });

  it('has an object for the arguments of a call, whatever the model wrote', () => {
    const inputOf = (json: string) => (whole(call(0, { id: 'a', name: 'f', arguments: json }), finish)['content'] as Array<{ input: unknown }>)[0]?.input;
    assert.deepEqual(['', '{"x":1}', '{"x":', '[1]', 'null'].map(inputOf), [{}, { x: 1 }, { arguments: '{"x":' }, { arguments: '[1]' }, { arguments: 'null' }]);
  });

  it('ends for a reason that the API knows', () => {
    const asked: FinishReason[] = ['stop', 'length', 'tool_calls', 'content_filter', 'unknown'];
    const reasons = asked.map((reason) => whole(text('a'), { type: 'finish', reason })['stop_reason']);
    assert.deepEqual(reasons, ['end_turn', 'max_tokens', 'tool_use', 'refusal', 'end_turn']);
  });
});

describe('A streamed message', () => {
  /** The events in short: `+0 text`, `0 text_delta Hi`, `-0`. */
  function outline(stream: string): string[] {
    return (eventsIn(stream) as Array<Record<string, never>>).map((event) => {
      const { type, index, content_block: block, delta } = event as Record<string, Record<string, unknown> | undefined>;
      if (block) return `+${String(index)} ${String(block['type'])}${block['name'] ? ` ${String(block['name'])}` : ''}`;
      if (delta && index !== undefined) return `${String(index)} ${Object.values(delta).join(' ')}`;
      return String(type) === 'content_block_stop' ? `-${String(index)}` : String(type);
    });
  }
  const outlineOf = (...parts: StreamPart[]) => outline(written(anthropicMessages, [parts])).slice(1, -2);

  it('has its events in the API’s order, each with its name', () => {
    const stream = written(anthropicMessages, [[{ type: 'model', model: 'other' }, text('He')], [text('llo')], [finish, usage]]);
    const message = { id: 'id-1', type: 'message', role: 'assistant', model: 'small', content: [], stop_reason: null, stop_sequence: null };
    const none = { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 };
    assert.deepEqual(eventsIn(stream), [
      { type: 'message_start', message: { ...message, usage: none } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'He' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'llo' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: usageObject },
      { type: 'message_stop' },
    ]);
    for (const event of stream.trim().split('\n\n')) {
      const [name, data] = event.split('\n') as [string, string];
      assert.equal(name, `event: ${String((JSON.parse(data.slice('data: '.length)) as { type: string }).type)}`);
    }
  });

  it('has a block for each of thinking, text and tool calls', () => {
    assert.deepEqual(outlineOf(thinking('H'), thinking('m'), thinking('', 'S'), text('I look.'), ...calls, finish), [
      '+0 thinking', '0 thinking_delta H', '0 thinking_delta m', '0 signature_delta S', '-0',
      '+1 text', '1 text_delta I look.', '-1',
      '+2 tool_use now', '2 input_json_delta {"x"', '2 input_json_delta :1}', '-2',
      '+3 tool_use then', '3 input_json_delta {}', '-3',
    ]);
    assert.deepEqual(outlineOf(finish), []);
  });

  it('has a block for each signature', () => {
    assert.deepEqual(outlineOf(thinking('a', 'S'), thinking('b', 'T'), finish), [
      '+0 thinking', '0 thinking_delta a', '0 signature_delta S', '-0', '+1 thinking', '1 thinking_delta b', '1 signature_delta T', '-1',
    ]);
  });

  it('sorts the pieces of tool calls that a server mixes', () => {
    const mixed = [
      call(0, { id: 'a', name: 'f' }), call(1, { id: 'b', name: 'g' }), call(0, { arguments: '{"x":' }), text('So.'), call(1, { arguments: '{}' }), call(0, { arguments: '1}' }),
    ];
    assert.deepEqual(outlineOf(...mixed, finish), [
      '+0 tool_use f', '0 input_json_delta {"x":', '0 input_json_delta 1}', '-0',
      '+1 tool_use g', '1 input_json_delta {}', '-1', '+2 text', '2 text_delta So.', '-2',
    ]);
  });

  it('holds back what comes in between only until the call is whole', () => {
    const writer = anthropicMessages.stream(streamed, identity);
    assert.deepEqual(outline(writer.parts([call(0, { id: 'a', name: 'f', arguments: '{' }), text('So.')])), ['+0 tool_use f', '0 input_json_delta {']);
    assert.deepEqual(outline(writer.parts([call(0, { arguments: '}' })])), ['0 input_json_delta }', '-0', '+1 text', '1 text_delta So.']);
  });

  it('loses nothing where a call never becomes whole', () => {
    assert.deepEqual(outlineOf(call(0, { id: 'a', name: 'f' }), call(1, { id: 'b', name: 'g', arguments: '{"y"' }), text('So.'), finish), [
      '+0 tool_use f', '-0', '+1 tool_use g', '1 input_json_delta {"y"', '-1', '+2 text', '2 text_delta So.', '-2',
    ]);
  });

  it('ends with an error event where it breaks off', () => {
    const failure = new LlmError('overloaded', 'It is busy.', { partial: 'secret' });
    assert.equal(anthropicMessages.stream(streamed, identity).fail(failure), `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"It is busy."}}\n\n`);
  });

  it('tells a failure’s type by its status', () => {
    const typeOf = (status: number) => (anthropicMessages.writeFailure(new LlmError('server', 'x'), status) as { error: { type: string } }).error.type;
    assert.deepEqual([400, 401, 404, 405, 413, 429, 502, 503, 504].map(typeOf), [
      'invalid_request_error', 'authentication_error', 'not_found_error', 'invalid_request_error', 'request_too_large', 'rate_limit_error', 'api_error', 'overloaded_error', 'timeout_error',
    ]);
  });
});
