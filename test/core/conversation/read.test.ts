import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatMessage } from '../../../nodes/core/conversation/message.ts';
import { readMessages } from '../../../nodes/core/conversation/read.ts';
import { asPrompt, hasMedia, parseDataUrl, textOf } from '../../../nodes/core/conversation/text.ts';

const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } } as const;
const call = { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } } as const;

test('a string is one message of the user', () => {
  assert.deepEqual(readMessages(' Hello\n'), [{ role: 'user', content: ' Hello\n' }]);
});

test('an array is a conversation as it stands, in an array of its own', () => {
  const payload: unknown[] = [
    { role: 'system', content: 'Be kind.' },
    { role: 'developer', content: 'Be brief.' },
    { role: 'user', name: 'Ada', content: [{ type: 'text', text: 'Look' }, image] },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'assistant', tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: '2' },
    { role: 'assistant', content: '' },
  ];
  const before = structuredClone(payload);
  const messages = readMessages(payload);
  assert.deepEqual(messages, before);
  messages.pop();
  assert.deepEqual(payload, before);
});

test('what is no prompt is refused with what it is and what to send', () => {
  const kinds: Array<[unknown, RegExp]> = [
    [undefined, /msg\.payload is missing, not a prompt\. Send a string/],
    [null, /msg\.payload is null/],
    [42, /msg\.payload is a number/],
    [true, /msg\.payload is a boolean/],
    [{ role: 'user', content: 'Hello' }, /msg\.payload is an object/],
    [Buffer.from('Hello'), /msg\.payload is a Buffer/],
    [() => 'Hello', /msg\.payload is a function/],
    ['', /The prompt is empty\./],
    [' \n\t', /The prompt is empty\./],
    [[], /The list of messages is empty\./],
  ];
  for (const [payload, message] of kinds) assert.throws(() => readMessages(payload), { name: 'LlmError', kind: 'invalid_request', message });
});

test('the first message that is wrong is named, with what is wrong with it', () => {
  const hole: unknown[] = [];
  hole[1] = { role: 'user', content: 'Hello' };
  const wrong: Array<[unknown[], RegExp]> = [
    [['Hello'], /msg\.payload\[0\] is a string, not a message/],
    [[null], /msg\.payload\[0\] is null/],
    [[[]], /msg\.payload\[0\] is an array/],
    [hole, /msg\.payload\[0\] is missing/],
    [[{ content: 'Hello' }], /msg\.payload\[0\]\.role is not a known role/],
    [[{ role: 'human', content: 'Hello' }], /msg\.payload\[0\]\.role is not a known role/],
    [[{ role: 'user', content: 'Hello' }, { role: 'user' }], /msg\.payload\[1\]\.content is missing/],
    [[{ role: 'user', content: null }], /msg\.payload\[0\]\.content is missing/],
    [[{ role: 'assistant', content: null, tool_calls: [] }], /msg\.payload\[0\]\.content is missing/],
    [[{ role: 'user', content: 7 }], /msg\.payload\[0\]\.content is a number/],
    [[{ role: 'user', content: { text: 'Hello' } }], /msg\.payload\[0\]\.content is an object/],
    [[{ role: 'user', content: ['Hello'] }], /msg\.payload\[0\]\.content\[0\]\.type is not a known kind/],
    [[{ role: 'user', content: [null] }], /msg\.payload\[0\]\.content\[0\]\.type is not a known kind/],
    [[{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'audio' }] }], /msg\.payload\[0\]\.content\[1\]\.type is not a known kind/],
    [[{ role: 'user', content: [{ type: 'text' }] }], /msg\.payload\[0\]\.content\[0\]\.text must be a string/],
    [[{ role: 'user', content: [{ type: 'image_url' }] }], /msg\.payload\[0\]\.content\[0\]\.image_url\.url must be a string/],
    [[{ role: 'user', content: [{ type: 'image_url', image_url: 'x' }] }], /image_url\.url must be a string/],
    [[{ role: 'tool', content: '2' }], /msg\.payload\[0\] answers a tool call: give its tool_call_id/],
    [[{ role: 'assistant', content: '', tool_calls: {} }], /msg\.payload\[0\]\.tool_calls must be an array/],
    [[{ role: 'assistant', content: '', tool_calls: [null] }], /msg\.payload\[0\]\.tool_calls\[0\] is no tool call/],
    [[{ role: 'assistant', content: '', tool_calls: [call, { id: 'c2' }] }], /msg\.payload\[0\]\.tool_calls\[1\] is no tool call/],
    [[{ role: 'assistant', content: '', tool_calls: [{ function: { name: 'add', arguments: { a: 1 } } }] }], /tool_calls\[0\] is no tool call/],
  ];
  for (const [payload, message] of wrong) assert.throws(() => readMessages(payload), { name: 'LlmError', kind: 'invalid_request', message });
});

test('a refusal repeats nothing of the message', () => {
  for (const payload of [[{ role: 'canary', content: 'canary' }], [{ role: 'user', content: [{ type: 'canary', canary: 1 }] }], { canary: 1 }]) {
    assert.throws(() => readMessages(payload), (error: Error) => !/canary/.test(`${error.message}${JSON.stringify(error.cause)}`));
  }
});

test('the text of a content is its text parts', () => {
  assert.equal(textOf('Hello'), 'Hello');
  assert.equal(textOf([{ type: 'text', text: 'Look at ' }, image, { type: 'text', text: 'this' }]), 'Look at this');
  assert.equal(textOf(null), '');
});

test('images are found in any message', () => {
  assert.equal(hasMedia([{ role: 'user', content: 'image_url' }]), false);
  assert.equal(hasMedia([{ role: 'user', content: 'Hello' }, { role: 'user', content: [image] }]), true);
});

test('as one text, a question stays as it is and a conversation names its speakers', () => {
  const question: ChatMessage = { role: 'user', content: 'Who are you?' };
  assert.equal(asPrompt([question]), 'Who are you?');
  assert.equal(asPrompt([{ role: 'system', content: 'Be kind.' }, question]), 'Be kind.\n\nWho are you?');
  assert.equal(
    asPrompt([{ role: 'developer', content: 'Be kind.' }, question, { role: 'assistant', content: 'A model.' }, { role: 'user', content: 'Which?' }]),
    'Be kind.\n\nuser: Who are you?\n\nassistant: A model.\n\nuser: Which?\n\nassistant:',
  );
});

test('as one text, images cannot go along', () => {
  assert.throws(() => asPrompt([{ role: 'user', content: [image] }]), { kind: 'invalid_request', message: /takes no images/ });
});

test('a data URL is taken apart, another is not', () => {
  assert.deepEqual(parseDataUrl('data:image/svg+xml;base64,aGk='), { mediaType: 'image/svg+xml', base64: 'aGk=' });
  for (const url of ['https://images.test/a.png', 'data:image/png,raw', 'data:;base64,aGk=']) assert.equal(parseDataUrl(url), undefined);
});
