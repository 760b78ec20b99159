import assert from 'node:assert/strict';
import { test } from 'node:test';
import { questionOf } from '../../../nodes/rag/prompt/conversation.ts';

test('the question is a string, or what a user said last', () => {
  assert.equal(questionOf('How?'), 'How?');
  assert.equal(questionOf([{ role: 'user', content: 'How?' }, { role: 'assistant', content: 'So.' }]), 'How?');
  assert.equal(questionOf([{ role: 'user', content: 'Hello' }, { role: 'assistant', content: 'Hi' }, { role: 'user', content: [{ type: 'text', text: 'And ' }, { type: 'image_url', image_url: { url: 'a.png' } }, { type: 'text', text: 'how?' }] }]), 'And how?');
});

test('where there is none, it is said what to do', () => {
  assert.throws(() => questionOf([{ role: 'system', content: 'Be kind.' }]), { kind: 'invalid_request', hint: /"role": "user"/ });
  assert.throws(() => questionOf([{ role: 'user', content: [] }]), { kind: 'invalid_request', hint: /beside any images/ });
  assert.throws(() => questionOf(7), { kind: 'invalid_request' });
});
