/** Branches that go through link nodes, to other tabs and into subflows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FlowNode } from '../support/flow.ts';
import { answerOf, echo, failureOf, fallback, func, prompt, returnNode, stage, startStages, triedIn } from '../support/stages.ts';

function linkIn(id: string, wires: string[], z = 'tab'): FlowNode {
  return { id, type: 'link in', name: id, z, links: [], wires: [wires] };
}

function linkOut(id: string, links: string[]): FlowNode {
  return { id, type: 'link out', mode: 'link', links, wires: [] };
}

/** The end of a flow that link call nodes ask. */
function linkReturn(id: string, z = 'tab'): FlowNode {
  return { id, type: 'link out', mode: 'return', links: [], z, wires: [] };
}

function linkCall(id: string, target: string, wires: string[] = []): FlowNode {
  return { id, type: 'link call', linkType: 'static', links: [target], timeout: '30', wires: [wires] };
}

const upper = (id: string, wires: string[]) => func(id, 'msg.payload = msg.payload.toUpperCase(); return msg;', wires);

describe('A link out and a link in', () => {
  test('lead a branch to a backend on another tab', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['out-1']]]),
      linkOut('out-1', ['in-1']),
      { id: 'tab-2', type: 'tab' },
      linkIn('in-1', ['echo'], 'tab-2'),
      echo('echo', { z: 'tab-2' }),
    ]);
    assert.equal((await answerOf(flow)).payload, prompt);
  });

  test('lead an answer to a return node on another tab', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['echo']]]),
      echo('echo', { wires: [['out-1']] }),
      linkOut('out-1', ['in-1']),
      { id: 'tab-2', type: 'tab' },
      linkIn('in-1', ['upper'], 'tab-2'),
      { ...upper('upper', ['return']), z: 'tab-2' },
      { ...returnNode, z: 'tab-2' },
    ]);
    assert.equal((await answerOf(flow)).payload, prompt.toUpperCase());
  });
});

describe('A link call', () => {
  const linked = [linkIn('in-1', ['echo']), echo('echo', { wires: [['back']] }), linkReturn('back')];

  test('to a flow with a backend: the answer goes straight back, and a copy returns to the link call', async (t) => {
    const flow = await startStages(t, [...stage([[['call']]]), linkCall('call', 'in-1', ['watch']), ...linked, { id: 'watch', type: 'helper', wires: [] }]);
    const answer = await answerOf(flow);
    assert.deepEqual([answer.payload, '_linkSource' in answer], [prompt, false]);
    const [copy, ...others] = await flow.rest('watch');
    assert.deepEqual([copy?.payload, copy && '_llmCalls' in copy, others], [prompt, false, []]);
  });

  test('with a return node behind it: the answer comes through the link call', async (t) => {
    const flow = await startStages(t, [...stage([[['call']]]), linkCall('call', 'in-1', ['upper']), ...linked, upper('upper', ['return']), returnNode]);
    const answer = await answerOf(flow);
    assert.deepEqual([answer.payload, '_linkSource' in answer], [prompt.toUpperCase(), false]);
  });

  test('to a flow that ends with a return node', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['call']]]),
      linkCall('call', 'in-1'),
      linkIn('in-1', ['upper']),
      upper('upper', ['return']),
      returnNode,
    ]);
    const answer = await answerOf(flow);
    assert.deepEqual([answer.payload, '_linkSource' in answer], [prompt.toUpperCase(), false]);
  });

  test('one in another finds the return node behind both', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['call']]]),
      linkCall('call', 'in-2', ['return']),
      linkIn('in-2', ['inner-call']),
      linkCall('inner-call', 'in-1', ['upper']),
      upper('upper', ['back-2']),
      linkReturn('back-2'),
      ...linked,
      returnNode,
    ]);
    assert.equal((await answerOf(flow)).payload, prompt.toUpperCase());
  });

  test('to a flow of foreign nodes', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['call']], [['spare']]]),
      linkCall('call', 'in-1', ['return']),
      linkIn('in-1', ['check']),
      func('check', "if (msg.payload === 'bad') throw new Error('no'); msg.payload = 'Hello'; return msg;", ['back']),
      linkReturn('back'),
      returnNode,
      echo('spare'),
    ]);
    assert.equal((await answerOf(flow)).payload, 'Hello');
    assert.deepEqual(triedIn((await answerOf(flow, { payload: 'bad' })).completion?.attempts), ['A: server', 'B: ok']);
  });

  test('may ask a stage and gets its answer; what the caller keeps on the message stays there', async (t) => {
    const nodes = stage([[['echo']]], { wires: [['back'], ['echo']] });
    const flow = await startStages(t, [...nodes, linkCall('call', 'in-1', ['out']), linkIn('in-1', ['stage']), echo('echo'), linkReturn('back')]);
    for (const payload of ['one', 'two']) {
      flow.send('call', { payload });
      const answer = await flow.next('out');
      assert.deepEqual([answer.payload, '_linkSource' in answer], [payload, false]);
    }
  });

  test('may ask a stage that itself asks by a link call', async (t) => {
    const nodes = stage([[['inner-call']]], { wires: [['back-2'], ['inner-call']] });
    const flow = await startStages(t, [
      ...nodes,
      linkCall('call', 'in-2', ['out']),
      linkIn('in-2', ['stage']),
      linkReturn('back-2'),
      linkCall('inner-call', 'in-1'),
      ...linked,
    ]);
    flow.send('call', { payload: prompt });
    const answer = await flow.next('out');
    assert.deepEqual([answer.payload, '_linkSource' in answer], [prompt, false]);
    assert.deepEqual(await flow.rest('out'), []);
  });
});

describe('A subflow', () => {
  const withWires = (id: string, wires: string[]): FlowNode => ({ id, type: 'subflow:sub', wires: [wires] });

  /** Its first node is `first`, and its output that of `last`. */
  function subflow(nodes: FlowNode[], first: string, last: { id: string; port?: number }): FlowNode[] {
    const definition = { id: 'sub', type: 'subflow', name: 'sub', in: [{ wires: [{ id: first }] }], out: [{ wires: [{ port: 0, ...last }] }] };
    return [definition, ...nodes.map((node) => ({ ...node, z: 'sub' }))];
  }

  test('may hold a backend, in several branches at once', async (t) => {
    const fault = { faultKind: '${KIND}' };
    const flow = await startStages(t, [
      ...stage([[['one']], [['two']]]),
      ...subflow([echo('echo', fault)], 'echo', { id: 'echo' }),
      { ...withWires('one', []), env: [{ name: 'KIND', type: 'str', value: 'server' }] },
      { ...withWires('two', []), env: [{ name: 'KIND', type: 'str', value: '' }] },
    ]);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: server', 'B: ok']);
  });

  test('may hold a backend whose answer is worked on outside of it', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['one']]]),
      ...subflow([echo('echo')], 'echo', { id: 'echo' }),
      withWires('one', ['upper']),
      upper('upper', ['return']),
      returnNode,
    ]);
    assert.equal((await answerOf(flow)).payload, prompt.toUpperCase());
  });

  test('may hold what works on the answer', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['echo']]]),
      echo('echo', { wires: [['one']] }),
      ...subflow([upper('upper', [])], 'upper', { id: 'upper' }),
      withWires('one', ['return']),
      returnNode,
    ]);
    assert.equal((await answerOf(flow)).payload, prompt.toUpperCase());
  });

  test('may hold a stage and its branches', async (t) => {
    const inner = [fallback('inner', [[['bad']], [['good']]]), echo('bad', { faultKind: 'overloaded' }), echo('good')];
    const flow = await startStages(t, [...stage([[['one']]]), ...subflow(inner, 'inner', { id: 'inner' }), withWires('one', [])]);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A / A: overloaded', 'A / B: ok']);
  });

  test('may hold a stage whose answer is worked on outside of it', async (t) => {
    const inner = [fallback('inner', [[['good']]]), echo('good')];
    const flow = await startStages(t, [
      ...stage([[['one']]]),
      ...subflow(inner, 'inner', { id: 'inner' }),
      withWires('one', ['upper']),
      upper('upper', ['return']),
      returnNode,
    ]);
    assert.equal((await answerOf(flow)).payload, prompt.toUpperCase());
  });

  test('may hold a stage whose branch ends with a return node in it', async (t) => {
    const inner = [fallback('inner', [[['good']]]), echo('good', { wires: [['upper']] }), upper('upper', ['return']), returnNode];
    const flow = await startStages(t, [...stage([[['one']]]), ...subflow(inner, 'inner', { id: 'inner' }), withWires('one', [])]);
    assert.equal((await answerOf(flow)).payload, prompt.toUpperCase());
  });

  test('may be on the way of a message to no stage at all', async (t) => {
    const inner = [fallback('inner', [[['bad']]]), echo('bad', { faultKind: 'auth' })];
    const flow = await startStages(t, [
      ...subflow(inner, 'inner', { id: 'inner' }),
      withWires('one', []),
      { id: 'caught', type: 'catch', scope: null, wires: [['failures']] },
      { id: 'failures', type: 'helper', wires: [] },
    ]);
    flow.send('one', { payload: prompt });
    assert.equal((await flow.next('failures')).error?.code, 'auth');
    assert.deepEqual(await flow.rest('failures'), []);
  });

  test('that is disabled is a branch whose nodes do not run', async (t) => {
    const flow = await startStages(t, [...stage([[['one']]]), ...subflow([echo('echo')], 'echo', { id: 'echo' }), { ...withWires('one', []), d: true }]);
    assert.equal((await failureOf(flow)).code, 'unavailable');
  });
});
