/** Branches that lead back into their own stage, or to nothing. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { bus } from '../../nodes/core/events.ts';
import type { FlowNode } from '../support/flow.ts';
import { answerOf, echo, failureOf, fallback, func, prompt, returnNode, stage, startStages, triedIn } from '../support/stages.ts';

/** What backends are asked until the test ends. */
function countRequests(t: TestContext): () => number {
  let count = 0;
  t.after(bus.on('request', () => count++));
  return () => count;
}

const linkCall = { id: 'call', type: 'link call', linkType: 'static', links: ['in-1'], timeout: '30', wires: [[]] };
const linkIn = (wires: string[]): FlowNode => ({ id: 'in-1', type: 'link in', links: [], wires: [wires] });
const linkOut = { id: 'out-1', type: 'link out', mode: 'link', links: ['in-1'], wires: [] };
const pass = (...wires: string[]) => func('pass', 'return msg;', wires);

const circles: ReadonlyArray<readonly [string, string, FlowNode[]]> = [
  ['directly', 'stage', []],
  ['through a function', 'pass', [pass('stage')]],
  ["through a backend's answer port", 'echo', [echo('echo', { wires: [['stage']] })]],
  ["through a backend's answer port and a function", 'echo', [echo('echo', { wires: [['pass']] }), pass('stage')]],
  ['through a return node and beside it', 'pass', [pass('return', 'stage'), returnNode]],
  ['through link nodes', 'out-1', [linkOut, linkIn(['stage'])]],
  ['through a backend and link nodes', 'echo', [echo('echo', { wires: [['out-1']] }), linkOut, linkIn(['stage'])]],
  ['behind a link call', 'call', [{ ...linkCall, wires: [['stage']] }, linkIn(['echo']), echo('echo')]],
  ['in the flow of a link call', 'call', [linkCall, linkIn(['stage'])]],
  ['in the flow of a link call, through a backend', 'call', [linkCall, linkIn(['echo']), echo('echo', { wires: [['stage']] })]],
  ['in the flow of a link call, through another stage', 'call', [
    linkCall,
    linkIn(['inner']),
    fallback('inner', [[['echo']]], { wires: [['stage'], ['echo']] }),
    echo('echo'),
  ]],
  ['through another stage', 'inner', [fallback('inner', [[['stage']]])]],
  ["through another stage's answer", 'inner', [fallback('inner', [[['echo']]], { wires: [['stage'], ['echo']] }), echo('echo')]],
  ['through another stage and a link call', 'inner', [fallback('inner', [[['call']]]), linkCall, linkIn(['stage'])]],
];

describe('A branch that leads back into its own stage', () => {
  for (const [how, first, nodes] of circles) {
    test(`${how} is refused at the first message, and nothing goes round`, async (t) => {
      const count = countRequests(t);
      const flow = await startStages(t, [...stage([[[first]]]), ...nodes]);
      const { code, message } = await failureOf(flow);
      assert.equal(code, 'misconfigured');
      assert.match(message, /leads back into its own stage\. Remove the wire that leads back/);
      assert.equal(count(), 0, 'No backend is asked.');
    });

    test(`${how} leads on to the next branch`, async (t) => {
      const flow = await startStages(t, [...stage([[[first]], [['spare']]]), ...nodes, echo('spare')]);
      flow.send('stage', { payload: prompt });
      assert.equal((await flow.next('out')).payload, prompt);
    });
  }
});

describe('What looks like a circle and is none is answered:', () => {
  test('a stage before another one', async (t) => {
    const first = fallback('first', [[['echo']]], { wires: [['stage'], ['echo']] });
    const flow = await startStages(t, [...stage([[['echo']]]), first, echo('echo')]);
    flow.send('first', { payload: prompt });
    assert.equal((await flow.next('out')).payload, prompt);
  });

  test('a stage that gets its own answer again, and then lets it go', async (t) => {
    const nodes = stage([[['echo']]], { wires: [['again'], ['echo']] });
    const again = func('again', "if (msg.again) return [null, msg]; msg.again = true; return [msg, null];", ['stage'], ['out']);
    const flow = await startStages(t, [...nodes, again, echo('echo')]);
    flow.send('stage', { payload: prompt });
    assert.equal((await flow.next('out')).payload, prompt);
  });

  test('a backend that two stages share, one in the other', async (t) => {
    const inner = fallback('inner', [[['echo']]]);
    const flow = await startStages(t, [...stage([[['inner', 'echo']]]), inner, echo('echo')]);
    assert.equal((await answerOf(flow)).payload, prompt);
  });
});

describe('A branch that leads nowhere', () => {
  test('because it is not wired fails with what to do, and the next one answers', async (t) => {
    const flow = await startStages(t, [...stage([[[]], [['spare']]]), echo('spare')]);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: misconfigured', 'B: ok']);
  });

  test('says so where it is the only one', async (t) => {
    const flow = await startStages(t, stage([[[]]]));
    const { code, message } = await failureOf(flow);
    assert.equal(code, 'misconfigured');
    assert.match(message, /The branch A is not wired\. Wire its port to a backend, or remove its row\./);
  });

  test('because its row has no port in the flow file is not wired either', async (t) => {
    const flow = await startStages(t, [...stage([[['echo']], [['echo']]], { wires: [['out'], ['echo']] }), echo('echo', { faultKind: 'server' })]);
    assert.deepEqual(triedIn((await failureOf(flow)).cause.attempts), ['A: server', 'B: misconfigured']);
  });

  for (const [which, first, second] of [['A', [], ['echo']], ['B', ['echo'], []]] as ReadonlyArray<[string, string[], string[]]>) {
    test(`is told with the failure of the other one, as is ${which}`, async (t) => {
      const flow = await startStages(t, [...stage([[first], [second]]), echo('echo', { faultKind: 'auth' })]);
      const { message } = await failureOf(flow);
      assert.ok(message.includes(`The branch ${which} is not wired.`), message);
    });
  }

  test('is no matter where the request itself is wrong', async (t) => {
    const flow = await startStages(t, [...stage([[[]], [['echo']]]), echo('echo', { faultKind: 'invalid_request' })]);
    assert.doesNotMatch((await failureOf(flow)).message, /not wired/);
  });

  for (const [what, nodes] of [
    ['are disabled', [echo('echo', { d: true })]],
    ['are not there', []],
    ['are on a disabled tab', [{ id: 'tab-2', type: 'tab', disabled: true }, echo('echo', { z: 'tab-2' })]],
  ] as ReadonlyArray<[string, FlowNode[]]>) {
    test(`because its nodes ${what} fails with what to do, and the next one answers`, async (t) => {
      const flow = await startStages(t, [...stage([[['echo']], [['spare']]]), ...nodes, echo('spare')]);
      assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: unavailable', 'B: ok']);
    });
  }

  test('because a node further on is disabled fails by its time limit', async (t) => {
    const flow = await startStages(t, [...stage([[['pass'], { timeoutMs: 20 }], [['spare']]]), pass('echo'), echo('echo', { d: true }), echo('spare')]);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: timeout', 'B: ok']);
  });
});
