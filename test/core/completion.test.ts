import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answer, type StreamPart } from '../../nodes/core/completion.ts';

function answerOf(...parts: StreamPart[]): Answer {
  const answer = new Answer();
  for (const part of parts) answer.add(part);
  return answer;
}

test('text and thinking add up, apart from each other', () => {
  const answer = answerOf(
    { type: 'thinking', text: 'Hm' },
    { type: 'thinking', text: 'm', carried: { anthropic: { signature: 'ab' } } },
    { type: 'text', text: 'Hel' },
    { type: 'text', text: 'lo' },
  );
  assert.deepEqual(answer.message, { role: 'assistant', content: 'Hello', thinking: 'Hmm', thinkingSignature: 'ab' });
});

test('an answer has started once text, thinking or a tool call has come, and not before', () => {
  const others: StreamPart[] = [{ type: 'model', model: 'm' }, { type: 'usage', usage: { inputTokens: 1 } }, { type: 'logprobs', logprobs: {} }, { type: 'finish', reason: 'stop' }];
  assert.equal(answerOf(...others).started, false);
  for (const part of [{ type: 'text', text: 'a' }, { type: 'thinking', text: 'a' }, { type: 'toolCall', index: 0 }] as const) {
    assert.equal(answerOf(...others, part).started, true, part.type);
  }
});

test('tool calls are put together by their index, in the order in which they begin, whatever pieces they come in', () => {
  const answer = answerOf(
    { type: 'toolCall', index: 1, id: 'b', name: 'sub' },
    { type: 'toolCall', index: 0, name: 'add' },
    { type: 'toolCall', index: 1, arguments: '{"x"' },
    { type: 'toolCall', index: 0, id: 'a', arguments: '{}' },
    { type: 'toolCall', index: 1, arguments: ':1}' },
  );
  assert.deepEqual(answer.message, {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'b', type: 'function', function: { name: 'sub', arguments: '{"x":1}' } },
      { id: 'a', type: 'function', function: { name: 'add', arguments: '{}' } },
    ],
  });
});

test('a tool call that the server gives no id has one', () => {
  assert.equal(answerOf({ type: 'toolCall', index: 3, name: 'add' }).toolCalls[0]?.id, 'call_3');
});

test('later usage completes and corrects the earlier', () => {
  const { usage } = answerOf({ type: 'usage', usage: { inputTokens: 5, outputTokens: 1 } }, { type: 'usage', usage: { outputTokens: 9 } });
  assert.deepEqual(usage, { inputTokens: 5, outputTokens: 9 });
});

test('how a text is cut into parts does not change the answer', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (pieces) => {
      assert.equal(answerOf(...pieces.map((piece) => ({ type: 'text', text: piece }) as const)).text, pieces.join(''));
    }),
  );
});
