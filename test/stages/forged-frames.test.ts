/** A flow may take a whole message from outside: frames that did not come from this process are as if they were not there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lookBehind } from '../../nodes/runtime/wires.ts';
import type { NodeAPI } from 'node-red';
import { type Call, calls, type Frame, type LlmMessage, topFrame } from '../../nodes/runtime/calls.ts';
import { lateFrame } from '../support/asking.ts';
import { Gate, gated, modelType } from '../support/model-type.ts';
import { echo, func, prompt, returnNode, stage, startStages } from '../support/stages.ts';
import { Flow } from '../support/flow.ts';

/** What may stand on a message that somebody else has written: ids as they once were, as another Node-RED has them, and what is none at all. */
const forged: unknown[] = [
  ...Array.from({ length: 200 }, (_, id) => [{ stage: 'stage', call: String(id) }]),
  [{ stage: 'stage', call: '3fb1c0de-6f9619ff-8b86-d011-b42d-00c04fc964ff' }],
  [{ stage: 'stage', call: '0', worker: '1' }],
  [{ stage: 'stage', call: '0', trial: 'trial-1' }],
  [null, 7, 'frames', {}, { stage: 'stage' }],
  'frames', { length: 1 }, 7, null,
];

const out = { id: 'answered', type: 'helper', wires: [] };

describe('A message with frames of somebody else', () => {
  test('gives no call of another its outcome', async (t) => {
    const flow = await startStages(t, [...stage([[['hold']]]), func('hold', 'setTimeout(() => node.send(msg), 0); return null;', ['kept']), { id: 'kept', type: 'helper', wires: [] }, returnNode]);
    flow.send('stage', { payload: prompt });
    const kept = await flow.next('kept');
    for (const frames of forged) flow.send('return', { payload: 'stolen', _llmCalls: frames });
    assert.deepEqual(await flow.rest('out'), []);
    flow.send('return', { ...kept, payload: 'its own' });
    assert.equal((await flow.next('out')).payload, 'its own');
  });

  test('is a plain request to a backend and to a stage: the answer leaves by the wire', async (t) => {
    const flow = await startStages(t, [...stage([[['echo']]]), echo('echo'), echo('alone', { wires: [['answered']] }), out]);
    for (const frames of forged.slice(-12)) {
      flow.send('alone', { payload: prompt, _llmCalls: frames });
      assert.equal((await flow.next('answered')).payload, prompt);
      flow.send('stage', { payload: prompt, _llmCalls: frames });
      assert.equal((await flow.next('out')).payload, prompt);
    }
  });

  test('leads back into no stage of its own', async (t) => {
    const flow = await startStages(t, [...stage([[['echo']]]), echo('echo')]);
    flow.send('stage', { payload: prompt, _llmCalls: [{ stage: 'echo', call: '1' }, { stage: 'stage', call: '2' }] });
    assert.equal((await flow.next('out')).payload, prompt);
  });

  test('keeps them, so that the Node-RED that they came from finds its call again', async (t) => {
    const theirs = [{ stage: 'there', call: 'abcdef01-6f9619ff-8b86-d011-b42d-00c04fc964ff' }];
    const flow = await startStages(t, [...stage([[['first']]]), func('first', 'msg.seen = msg._llmCalls.length; return msg;', ['echo']), echo('echo')]);
    flow.send('stage', { payload: prompt, _llmCalls: theirs });
    const { payload, seen, _llmCalls } = await flow.next('out');
    assert.deepEqual([payload, seen, _llmCalls], [prompt, 2, theirs]);
  });
});

test('A frame of this process whose call is over ends its message, which nobody waits for', async (t) => {
  const flow = await startStages(t, [echo('echo', { wires: [['answered']] }), out]);
  flow.send('echo', { payload: prompt, _llmCalls: [lateFrame()] });
  assert.deepEqual(await flow.rest('answered'), []);
});

test('What the bus tells of a call is not what gives it an outcome', () => {
  const controller = new AbortController();
  const { id, frame } = calls.open('stage', { msg: { _msgid: 'm' }, signal: controller.signal, sink: undefined, deadline: Infinity, isLost: () => false });
  const call = calls.find(frame) as Call;
  assert.deepEqual([call.id, frame.call.includes(id)], [id, false]);
  assert.equal(calls.find({ stage: 'stage', call: id } satisfies Frame), undefined);
  assert.deepEqual(call.placeOf(frame), { parent: id });
  controller.abort();
});

test('Ids do not count: of two calls in a row neither tells the other', () => {
  const controller = new AbortController();
  const open = () => calls.open('stage', { msg: { _msgid: 'm' }, signal: controller.signal, sink: undefined, deadline: Infinity, isLost: () => false }).frame.call;
  const random = Array.from({ length: 50 }, open).map((call) => call.slice(-36));
  for (const call of random) assert.match(call, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assert.equal(new Set(random).size, 50);
  controller.abort();
});

test('Link calls that do not run are looked up for nobody, however many a message names', async (t) => {
  let RED: NodeAPI | undefined;
  const flow = await Flow.start([modelType({ model: gated(new Gate(), [], []) }), (api) => (RED = api)], [{ id: 'model', type: 'test-model', wires: [['seen']] }, { id: 'seen', type: 'helper', wires: [] }]);
  t.after(() => flow.end());
  const sources = Array.from({ length: 1_000 }, (_, at) => ({ node: `invented ${at}` }));
  const behind = (msg: object) => lookBehind(RED as NodeAPI, flow.node('model'), 0, msg as LlmMessage);
  const first = behind({ _msgid: 'm', _linkSource: sources });
  assert.equal(behind({ _msgid: 'm', _linkSource: sources.toReversed() }), first, 'all of them are one and the same');
  for (const odd of [[null], ['x'], [{}], [{ node: 7 }], 7, 'x']) assert.deepEqual(behind({ _msgid: 'm', _linkSource: odd }).nodes.map(({ id }) => id), ['seen']);
});

test('The innermost frame is the last one of this process', () => {
  const controller = new AbortController();
  const { frame } = calls.open('stage', { msg: { _msgid: 'm' }, signal: controller.signal, sink: undefined, deadline: Infinity, isLost: () => false });
  assert.equal(topFrame({ _msgid: 'm', _llmCalls: [frame, { stage: 'b', call: '2' }, null] }), frame);
  controller.abort();
});
