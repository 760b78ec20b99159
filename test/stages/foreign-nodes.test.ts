/** Branches in which nodes of Node-RED itself stand. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import type { NodeAPI } from 'node-red';
import type { FlowMessage } from '../support/flow.ts';
import { answerOf, askStage, echo, failureOf, func, prompt, returnNode, stage, startStages, triedIn } from '../support/stages.ts';

const { events } = createRequire(import.meta.url)('@node-red/util') as Pick<NodeAPI, 'events'>;

/** A branch that begins with the node `first`, then one that always answers. */
const withSpare = (first: string, row: object = {}) => [...stage([[[first], { ...row }], [['spare']]]), echo('spare'), returnNode];

describe('A function in a branch', () => {
  test('that answers itself ends with a return node; its answer is a completion with estimated figures', async (t) => {
    const flow = await startStages(t, [...stage([[['first']]]), func('first', "msg.payload = 'Hello'; return msg;", ['return']), returnNode]);
    const { payload, completion } = await answerOf(flow);
    assert.equal(payload, 'Hello');
    const { backend, provider, message, usage, attempts } = completion ?? {};
    assert.deepEqual([provider, backend?.type, message], ['flow', 'llm-return', { role: 'assistant', content: 'Hello' }]);
    assert.equal(usage?.estimated, true);
    assert.deepEqual(triedIn(attempts), ['A: ok']);
  });

  for (const [what, code] of [
    ['that throws', "throw new Error('canary');"],
    ['that calls done with an error', "node.done(new Error('canary'));"],
    ['that sends and then throws', "node.send(msg); throw new Error('canary');"],
  ] as const) {
    test(`${what} fails the attempt at once, and the next branch answers`, async (t) => {
      const flow = await startStages(t, [...withSpare('first'), func('first', code, ['other']), echo('other')]);
      const { completion } = await answerOf(flow);
      assert.deepEqual(triedIn(completion?.attempts), ['A: server', 'B: ok']);
    });
  }

  test('that fails is named in the failure; its own words are not, for they may hold anything', async (t) => {
    const flow = await startStages(t, [...stage([[['first']]]), func('first', "throw new Error('canary');", [])]);
    const { code, message } = await failureOf(flow);
    assert.equal(code, 'server');
    assert.match(message, /The node function “first” in the branch failed/);
    assert.doesNotMatch(message, /canary/);
  });

  test('that only reports an error fails by the time limit of its branch', async (t) => {
    const flow = await startStages(t, [...withSpare('first', { timeoutMs: 20 }), func('first', "node.error('canary', msg);", [])]);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: timeout', 'B: ok']);
  });

  test('that only reports an error fails the attempt where a catch node leads to a return node', async (t) => {
    const flow = await startStages(t, [
      ...withSpare('first'),
      func('first', "node.error('canary', msg);", []),
      { id: 'caught', type: 'catch', scope: ['first'], wires: [['return']] },
    ]);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: server', 'B: ok']);
  });

  test('that never answers fails by the time limit, with a word on where to look', async (t) => {
    const flow = await startStages(t, [...stage([[['first'], { timeoutMs: 20 }]]), func('first', 'return null;', ['return']), returnNode]);
    const { code, message } = await failureOf(flow);
    assert.equal(code, 'timeout');
    assert.match(message, /The branch A gave no answer within 20 ms\..*llm-return/);
  });

  test('that makes a message of its own loses the frames: the return node says so, and the time limit ends the attempt', async (t) => {
    const flow = await startStages(t, [
      ...withSpare('first', { timeoutMs: 20 }),
      func('first', "return { payload: 'Hello' };", ['return']),
      { id: 'caught', type: 'catch', scope: ['return'], wires: [['failures']] },
      { id: 'failures', type: 'helper', wires: [] },
    ]);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: timeout', 'B: ok']);
    assert.match((await flow.next('failures')).error?.message ?? '', /No stage waits for this message\..*must keep _llmCalls/);
  });
});

describe('A message', () => {
  test('keeps what it came with and what the nodes of the branch have set', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['change']]]),
      { id: 'change', type: 'change', rules: [{ t: 'set', p: 'found', pt: 'msg', to: 'by change', tot: 'str' }], wires: [['echo']] },
      echo('echo'),
    ]);
    const req = { live: () => 'socket' };
    const others = { topic: 'stories', parts: { id: 'p', index: 0, count: 1 }, nested: { list: [1, { a: 2 }] }, llm: { session: 's' } };
    const { completion, req: sameReq, ...msg } = await answerOf(flow, { _msgid: 'm1', payload: prompt, ...structuredClone(others), req });
    assert.deepEqual(msg, { _msgid: 'm1', payload: prompt, ...others, found: 'by change' });
    assert.equal(sameReq, req);
    assert.deepEqual(structuredClone(completion), completion, 'only plain data travels');
  });

  test('goes into each branch as it came in', async (t) => {
    const spoil = "msg.payload = 'spoilt'; msg.nested.a = 'spoilt'; msg.left = 'over'; throw new Error('no');";
    const flow = await startStages(t, [...withSpare('first'), func('first', spoil, [])]);
    const { payload, nested, left } = await answerOf(flow, { payload: prompt, nested: { a: 1 } });
    assert.deepEqual([payload, nested, left], [prompt, { a: 1 }, undefined]);
  });

  test('of a failure is the one that came in', async (t) => {
    const flow = await startStages(t, [...stage([[['first']]]), func('first', "msg.payload = 'spoilt'; throw new Error('no');", [])]);
    const { payload, topic } = await askStage(flow, { payload: prompt, topic: 'stories' });
    assert.deepEqual([payload, topic], [prompt, 'stories']);
  });

  test('may wait in a delay or a trigger node', async (t) => {
    const delay = { id: 'delay', type: 'delay', pauseType: 'delay', timeout: '1', timeoutUnits: 'milliseconds', wires: [['trigger']] };
    const trigger = { id: 'trigger', type: 'trigger', op1type: 'pay', op2type: 'nul', duration: '1', units: 'ms', wires: [['echo']] };
    const flow = await startStages(t, [...stage([[['delay']]]), delay, trigger, echo('echo')]);
    assert.equal((await answerOf(flow)).payload, prompt);
  });

  test('may be split and joined again before it returns', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['echo']]]),
      echo('echo', { wires: [['split']] }),
      { id: 'split', type: 'split', splt: '\\n', spltType: 'str', arraySplt: 1, property: 'payload', wires: [['upper']] },
      func('upper', 'msg.payload = msg.payload.toUpperCase(); return msg;', ['join']),
      { id: 'join', type: 'join', mode: 'auto', wires: [['return']] },
      returnNode,
    ]);
    const { payload, completion } = await answerOf(flow, { payload: 'Once\nupon\na time' });
    assert.equal(payload, 'ONCE\nUPON\nA TIME');
    assert.deepEqual([completion?.text, completion?.backend.name], ['ONCE\nUPON\nA TIME', 'echo']);
  });
});

describe('Nodes behind a backend', () => {
  test('work on the answer before it returns: payload, text and message agree, and the rest is the model’s', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['echo']]]),
      echo('echo', { wires: [['upper']] }),
      func('upper', 'msg.payload = msg.payload.toUpperCase(); return msg;', ['return']),
      returnNode,
    ]);
    const { payload, completion } = await answerOf(flow);
    assert.deepEqual([payload, completion?.text, completion?.message.content], [prompt.toUpperCase(), prompt.toUpperCase(), prompt.toUpperCase()]);
    assert.deepEqual([completion?.provider, completion?.usage], ['echo', { inputTokens: 4, outputTokens: 4, estimated: false }]);
  });

  test('that fail there fail the attempt', async (t) => {
    const flow = await startStages(t, [
      ...withSpare('echo'),
      echo('echo', { wires: [['check']] }),
      func('check', "throw new Error('not good enough');", ['return']),
    ]);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: server', 'B: ok']);
  });

  test('get a copy without frames where no return node follows, and cannot spoil the answer', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['echo']]]),
      echo('echo', { wires: [['spoil', 'watch']] }),
      func('spoil', "msg.payload = 'spoilt'; msg.completion.text = 'spoilt'; throw new Error('no');", []),
      { id: 'watch', type: 'helper', wires: [] },
    ]);
    const { payload, completion } = await answerOf(flow);
    assert.deepEqual([payload, completion?.text], [prompt, prompt]);
    const [copy, ...others] = await flow.rest('watch');
    assert.deepEqual([copy?.payload, copy && '_llmCalls' in copy, others], [prompt, false, []]);
  });
});

test('A debug node behind a backend shows the answer, without frames, and nothing need be wired back', async (t) => {
  const debug = { id: 'debug', type: 'debug', active: true, tosidebar: true, complete: 'true', targetType: 'full', wires: [] };
  const flow = await startStages(t, [...stage([[['echo']]]), echo('echo', { wires: [['debug']] }), debug]);
  const shown = once(events, 'comms') as Promise<Array<{ topic: string; data: { id: string; msg: string } }>>;
  assert.equal((await answerOf(flow)).payload, prompt);
  const [event] = await shown;
  const { payload, completion, _llmCalls: frames } = JSON.parse(event?.data.msg ?? '') as FlowMessage;
  assert.deepEqual([event?.data.id, payload, completion?.text, frames], ['debug', prompt, prompt, undefined]);
});

describe('A return node', () => {
  test('that gets a message of no stage fails with what to do', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['echo']]]),
      echo('echo'),
      returnNode,
      { id: 'caught', type: 'catch', scope: ['return'], wires: [['failures']] },
      { id: 'failures', type: 'helper', wires: [] },
    ]);
    flow.send('return', { payload: 'Hello' });
    const { error } = await flow.next('failures');
    assert.equal(error?.code, 'misconfigured');
    assert.match(error.message, /No stage waits for this message\. llm-return stands at the end of a branch/);
    assert.deepEqual(await flow.rest('failures'), []);
  });

  test('whose own failures a catch node sends back to it does not run in a circle for ever', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['echo']]]),
      echo('echo'),
      returnNode,
      { id: 'caught', type: 'catch', scope: null, wires: [['return', 'failures']] },
      { id: 'failures', type: 'helper', wires: [] },
    ]);
    flow.send('return', { payload: 'Hello' });
    await flow.next('failures');
    for (let before = -1, now = 0; now !== before; ) {
      before = now;
      now += (await flow.rest('failures')).length;
      assert.ok(now < 20, 'It goes round and round.');
    }
    assert.equal((await answerOf(flow)).payload, prompt);
  });
});
