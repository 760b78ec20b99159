import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { chatEndpoint } from '../../scripts/chat-page.ts';

const endpoint = { id: 'e', type: 'llm-endpoint', path: '/team/v1/' };

describe('The chat page that npm start names', () => {
  test('is that of the welcome flow', () => {
    assert.equal(chatEndpoint(readFileSync(join(import.meta.dirname, '../../examples/welcome.json'), 'utf8')), '/v1');
  });

  test('is that of the first endpoint that has one', () => {
    const flows = [{ type: 'tab' }, { ...endpoint, chat: false }, { ...endpoint, d: true }, endpoint, { ...endpoint, path: '/other' }];
    assert.equal(chatEndpoint(JSON.stringify(flows)), '/team/v1');
    assert.equal(chatEndpoint('[{"type":"llm-endpoint"}]'), '/v1');
  });

  test('is none in flows without one', () => {
    for (const flows of ['', '{}', '[]', '[null]', '[{', JSON.stringify([{ ...endpoint, path: '/a b' }])]) assert.equal(chatEndpoint(flows), undefined);
  });
});
