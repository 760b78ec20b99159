import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import type { NodeAPI, NodeMessage } from 'node-red';
import type { Completion } from '../../nodes/core/completion.ts';
import type { LlmMessage } from '../../nodes/runtime/calls.ts';
import { TokenPort } from '../../nodes/runtime/token-port.ts';
import { Flow, type FlowMessage, join } from '../support/flow.ts';
import { finish, text } from '../support/scripted-client.ts';

const { util } = createRequire(import.meta.url)('@node-red/util') as Pick<NodeAPI, 'util'>;
const RED = { util } as NodeAPI;

interface Token extends FlowMessage {
  parts: { id: string; index: number; count?: number };
}

/** A port and all that has left by it. */
function portOf(msg: Partial<LlmMessage> = {}, send: (msg: NodeMessage) => void = () => undefined) {
  const sent: Token[] = [];
  const port = new TokenPort(RED, { _msgid: 'm1', ...msg }, (token) => {
    sent.push(token as Token);
    send(token);
  });
  return { port, sent };
}

const completion = { text: 'Once upon', usage: { outputTokens: 2 } } as Completion;

test('only text is a token: thinking, tool calls and the rest are in the completion', () => {
  const { port, sent } = portOf();
  port.write([{ type: 'thinking', text: 'Hm' }, text('Once'), { type: 'toolCall', index: 0, name: 'look' }, { type: 'usage', usage: {} }]);
  port.write([{ type: 'model', model: 'm' }, text(' upon'), finish]);
  assert.deepEqual(sent.map(({ payload }) => payload), ['Once', ' upon']);
});

test('the prompt does not go along with the tokens', () => {
  const { port, sent } = portOf({ payload: 'canary' });
  port.write([text('Once')]);
  assert.doesNotMatch(JSON.stringify(sent), /canary/);
});

test('no frames go along with the tokens: they answer no stage; the message keeps its own', () => {
  const msg = { _msgid: 'm1', _llmCalls: [{ stage: 's', call: '1' }] };
  const { port, sent } = portOf(msg);
  port.write([text('Once')]);
  port.fail();
  port.end(completion);
  assert.deepEqual(sent.map((token) => '_llmCalls' in token), [false, false, false]);
  assert.equal(msg._llmCalls.length, 1);
});

describe('A sequence', () => {
  test('is numbered, and ends with its count and a completion of its own', () => {
    const { port, sent } = portOf();
    port.write([text('Once'), text(' upon')]);
    port.end(completion);
    assert.deepEqual(sent.map(({ parts }) => [parts.index, parts.count]), [[0, undefined], [1, undefined], [2, 3]]);
    assert.equal(new Set(sent.map(({ parts }) => parts.id)).size, 1);
    assert.deepEqual([sent[2]?.payload, sent[2]?.complete, sent[2]?.completion], ['', true, completion]);
    assert.notEqual(sent[2]?.completion, completion);
  });

  test('that fails is reset', () => {
    const { port, sent } = portOf();
    port.write([text('Once')]);
    port.fail();
    assert.deepEqual(sent.map(({ payload, parts, reset }) => [payload, parts.index, reset]), [['Once', 0, undefined], ['', 1, true]]);
    assert.equal(sent[1]?.parts.id, sent[0]?.parts.id);
  });

  test('that fails before it begins says nothing', () => {
    const { port, sent } = portOf();
    port.fail();
    assert.deepEqual(sent, []);
  });

  test('that restarts resets the old one and begins a new one at 0', () => {
    const { port, sent } = portOf();
    port.write([text('Once'), text(' upon')]);
    port.restart();
    port.write([text('Twice')]);
    port.end(completion);
    assert.deepEqual(sent.map(({ payload, parts, reset }) => [payload, parts.index, reset]), [
      ['Once', 0, undefined],
      [' upon', 1, undefined],
      ['', 2, true],
      ['Twice', 0, undefined],
      ['', 1, undefined],
    ]);
    const [old, , reset, begun, end] = sent.map(({ parts }) => parts.id);
    assert.deepEqual([reset, end], [old, begun]);
    assert.notEqual(begun, old);
    assert.equal(sent[4]?.parts.count, 2);
  });

  test('that restarts before it begins says nothing of it', () => {
    const { port, sent } = portOf();
    port.restart();
    port.write([text('Once')]);
    assert.deepEqual(sent.map(({ payload, parts }) => [payload, parts.index]), [['Once', 0]]);
  });
});

test('A stock join node lets go of a sequence that restarts or fails, and joins the one that is whole', async (t) => {
  const flow = await Flow.start([join], [
    { id: 'join', type: 'join', mode: 'auto', wires: [['joined']] },
    { id: 'joined', type: 'helper', wires: [] },
    { id: 'complete', type: 'complete', scope: ['join'], wires: [['completed']] },
    { id: 'completed', type: 'helper', wires: [] },
  ]);
  t.after(() => flow.end());
  const toJoin = () => portOf({}, (token) => flow.send('join', token));
  const [restarted, failed, other] = [toJoin(), toJoin(), toJoin()];
  for (const { port } of [restarted, failed, other]) port.write([text('Once'), text(' upon')]);
  failed.port.fail();
  restarted.port.restart();
  restarted.port.write([text('Twice')]);
  for (const { port } of [other, restarted]) port.end(completion);
  const joined = await flow.rest('joined');
  assert.deepEqual(joined.map(({ payload }) => payload), ['Once upon', 'Twice']);
  const sent = [restarted, failed, other].flatMap((port) => port.sent);
  assert.equal((await flow.rest('completed')).length, sent.length, 'The join node holds nothing back.');
});
