import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Completion } from '../../nodes/core/completion.ts';
import { continuationOf, continued, continueRequest, joinContinuation } from '../../nodes/core/continuation.ts';
import type { ChatMessage } from '../../nodes/core/conversation/message.ts';

const question: ChatMessage = { role: 'user', content: 'Tell me a story' };
const rest = (said: string): ChatMessage[] => [
  { role: 'assistant', content: said },
  { role: 'user', content: continueRequest },
];

describe('The conversation that asks for the rest', () => {
  test('has the prompt, what was said, and a question of its own', () => {
    assert.deepEqual(continuationOf('Tell me a story', 'Once', undefined), [question, ...rest('Once')]);
    const conversation = [{ role: 'system', content: 'Be kind' }, question] as const;
    assert.deepEqual(continuationOf(conversation, ' Once ', []), [...conversation, ...rest(' Once ')]);
    assert.equal(conversation.length, 2, 'the prompt itself is not changed');
  });

  test('is none where nothing was said', () => {
    assert.equal(continuationOf('Tell me a story', '', undefined), undefined);
  });

  test('is none where tools are in play', () => {
    const call = { id: '1', type: 'function', function: { name: 'look', arguments: '{}' } };
    const calling = { role: 'assistant', content: null, tool_calls: [call] };
    assert.equal(continuationOf('Look', 'I', [{ type: 'function', function: { name: 'look' } }]), undefined);
    assert.equal(continuationOf([question, calling], 'I', undefined), undefined);
    assert.equal(continuationOf([question, { role: 'tool', tool_call_id: '1', content: 'x' }], 'I', undefined), undefined);
  });

  test('of a payload that is no prompt fails as the prompt itself does', () => {
    assert.throws(() => continuationOf(42, 'Once', undefined), { kind: 'invalid_request' });
  });
});

describe('A conversation', () => {
  test('that asks for the rest is told from any other', () => {
    const asked = continuationOf('Tell me a story', 'Once', undefined) ?? [];
    assert.deepEqual(continued(asked), { messages: [question], said: 'Once' });
    const others: ChatMessage[][] = [
      [],
      [question],
      [{ role: 'user', content: continueRequest }],
      [question, { role: 'user', content: continueRequest }],
      [question, { role: 'assistant', content: 'Once' }, { role: 'user', content: 'Go on' }],
      [question, { role: 'assistant', content: null }, { role: 'user', content: continueRequest }],
      [...asked, question],
    ];
    for (const messages of others) assert.equal(continued(messages), undefined, JSON.stringify(messages));
  });

  test('that asks for the rest of a rest gives the last of it back', () => {
    const messages = [question, ...rest('Once'), ...rest(' upon')];
    assert.deepEqual(continued(messages), { messages: [question, ...rest('Once')], said: ' upon' });
  });
});

test('an answer in two parts is one, in its text and in its message, and all else is that of the second', () => {
  const second = {
    text: ' upon a time',
    message: { role: 'assistant', content: ' upon a time', thinking: 'Hm' },
    model: 'm',
    usage: { inputTokens: 9, outputTokens: 3, estimated: false },
  } as Completion;
  const whole = joinContinuation('Once', second);
  assert.deepEqual(whole, { ...second, text: 'Once upon a time', message: { ...second.message, content: 'Once upon a time' } });
  assert.equal(second.text, ' upon a time', 'the second itself is not changed');
});
