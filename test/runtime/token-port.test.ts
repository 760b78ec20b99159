import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { NodeAPI, NodeMessage } from 'node-red';
import { TokenPort } from '../../nodes/runtime/token-port.ts';
import { finish, text } from '../support/scripted-client.ts';

const { util } = createRequire(import.meta.url)('@node-red/util') as Pick<NodeAPI, 'util'>;

test('only text is a token: thinking, tool calls and the rest are in the completion', () => {
  const sent: NodeMessage[] = [];
  const port = new TokenPort({ util } as NodeAPI, { _msgid: 'm1' }, (msg) => sent.push(msg));
  port.write([{ type: 'thinking', text: 'Hm' }, text('Once'), { type: 'toolCall', index: 0, name: 'look' }, { type: 'usage', usage: {} }]);
  port.write([{ type: 'model', model: 'm' }, text(' upon'), finish]);
  assert.deepEqual(sent.map(({ payload }) => payload), ['Once', ' upon']);
});

test('the prompt does not go along with the tokens', () => {
  const sent: NodeMessage[] = [];
  const port = new TokenPort({ util } as NodeAPI, { _msgid: 'm1', payload: 'canary' }, (msg) => sent.push(msg));
  port.write([text('Once')]);
  assert.doesNotMatch(JSON.stringify(sent), /canary/);
});
