/** Branches that fork, stream, or come back too late. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { calls } from '../../nodes/runtime/calls.ts';
import type { Flow, FlowNode } from '../support/flow.ts';
import { type Exchange, startServer } from '../support/server.ts';
import { answerOf, askStage, echo, failureOf, fallback, func, prompt, returnNode, stage, startStages, triedIn } from '../support/stages.ts';

const chunk = (content: string, reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: reason }] })}\n\n`;

/** A backend whose stream the test writes: resolves with the exchange when it is asked. */
async function manual(t: TestContext, id: string, config: Record<string, unknown> = {}) {
  const { promise: asked, resolve } = Promise.withResolvers<Exchange>();
  const server = await startServer((exchange) => {
    exchange.startStream();
    resolve(exchange);
  });
  t.after(() => server.close());
  const nodes: FlowNode[] = [
    { id: `${id}-server`, type: 'llm-llamacpp-server', url: server.url, healthIntervalMs: 0 },
    { id, type: 'llm-llamacpp', name: id, server: `${id}-server`, retries: 0, wires: [[]], ...config },
  ];
  return { nodes, asked, server };
}

/** The texts that came out of the stage's token port. */
async function tokensOf(flow: Flow): Promise<unknown[]> {
  return (await flow.rest('tokens')).map(({ payload }) => payload);
}

/** Counts the outcomes that are dropped from now on. */
function dropped(): () => number {
  const before = calls.dropped;
  return () => calls.dropped - before;
}

describe('A branch that forks', () => {
  test('to two return nodes gives the first answer; the other is dropped and counted', async (t) => {
    const count = dropped();
    const flow = await startStages(t, [
      ...stage([[['first', 'second']]]),
      func('first', "msg.payload = 'first'; return msg;", ['return']),
      func('second', "msg.payload = 'second'; return msg;", ['return']),
      returnNode,
    ]);
    assert.equal((await answerOf(flow)).payload, 'first');
    assert.deepEqual([count(), calls.size], [1, 0]);
  });

  for (const [what, code] of [
    ['that sends twice', 'node.send(RED.util.cloneMessage(msg)); return msg;'],
    ['that sends by both of its outputs', 'return [msg, RED.util.cloneMessage(msg)];'],
  ] as const) {
    test(`at a function ${what} gives one answer`, async (t) => {
      const flow = await startStages(t, [...stage([[['both']]]), func('both', code, ['one'], ['two']), echo('one'), echo('two')]);
      assert.equal((await answerOf(flow)).payload, prompt);
      assert.equal(calls.size, 0);
    });
  }

  test('to a failure and an answer ends with whichever comes first', async (t) => {
    const count = dropped();
    const fails = func('fails', "throw new Error('no');", []);
    const answers = func('answers', "msg.payload = 'Hello'; return msg;", ['return']);
    const flow = await startStages(t, [...stage([[['fails', 'answers']]]), fails, answers, returnNode]);
    assert.equal((await failureOf(flow)).code, 'server');
    assert.equal(count(), 1);
  });

  test('to two backends that stream gives the tokens and the answer of the one that speaks first', async (t) => {
    const count = dropped();
    const [one, two] = [await manual(t, 'one'), await manual(t, 'two')];
    const flow = await startStages(t, [...stage([[['one', 'two']]], { stream: true }), ...one.nodes, ...two.nodes]);
    flow.send('stage', { payload: prompt });
    const [first, second] = [await one.asked, await two.asked];
    await first.write(chunk('One'));
    assert.equal((await flow.next('tokens')).payload, 'One');
    const ended = second.closed;
    second.end(chunk('Two', 'stop') + 'data: [DONE]\n\n');
    await ended;
    await flow.status('two', 'ms');
    assert.deepEqual([await tokensOf(flow), await flow.rest('out'), count()], [[], [], 1]);
    first.end(chunk(' and all', 'stop') + 'data: [DONE]\n\n');
    const { completion } = await flow.next('out');
    assert.deepEqual([completion?.text, completion?.backend.name], ['One and all', 'one']);
    assert.deepEqual(await tokensOf(flow), [' and all', '']);
  });

  test('and has an answer cancels what still runs in it', async (t) => {
    const slow = await manual(t, 'slow');
    const flow = await startStages(t, [
      ...stage([[['slow', 'hold']]]),
      ...slow.nodes,
      { id: 'hold', type: 'helper', wires: [] },
      returnNode,
    ]);
    flow.send('stage', { payload: prompt });
    const exchange = await slow.asked;
    flow.send('return', { ...(await flow.next('hold')), payload: 'Hello' });
    assert.equal((await flow.next('out')).payload, 'Hello');
    await exchange.closed;
    assert.deepEqual(await flow.rest('out'), []);
  });
});

describe('A branch with two backends in a row', () => {
  const chain = (second: FlowNode) => [
    ...stage([[['first']]], { stream: true }),
    echo('first', { wires: [['between']] }),
    func('between', 'msg.payload = `Shorten: ${msg.payload}`; return msg;', ['second']),
    second,
    returnNode,
  ];

  test('streams the tokens of the last, whose answer it gives', async (t) => {
    const flow = await startStages(t, chain(echo('second', { wires: [['return']] })));
    const { completion } = await answerOf(flow);
    assert.deepEqual([completion?.text, completion?.backend.name], ['Shorten: Once upon a time', 'second']);
    assert.deepEqual(await tokensOf(flow), ['Shorten:', ' Once', ' upon', ' a', ' time', '']);
  });

  test('fails over where the second fails, for nobody has seen the tokens of the first', async (t) => {
    const second = echo('second', { faultKind: 'overloaded', wires: [['return']] });
    const nodes = chain(second).filter(({ id }) => id !== 'stage');
    const flow = await startStages(t, [
      ...nodes,
      fallback('stage', [[['first']], [['spare']]], { stream: true, wires: [['out'], ['first'], ['spare'], ['tokens']] }),
      echo('spare'),
    ]);
    const { completion } = await answerOf(flow);
    assert.deepEqual(triedIn(completion?.attempts), ['A: overloaded', 'B: ok']);
    assert.deepEqual(await tokensOf(flow), ['Once', ' upon', ' a', ' time', '']);
  });

  test('gives the answer of the first where no return node ends it: the second gets a copy', async (t) => {
    const flow = await startStages(t, [...chain(echo('second', { wires: [['watch']] })), { id: 'watch', type: 'helper', wires: [] }]);
    assert.equal((await answerOf(flow)).completion?.backend.name, 'first');
    assert.equal((await flow.next('watch')).payload, 'Shorten: Once upon a time');
  });
});

describe('Tokens', () => {
  test('of foreign nodes are one: their whole answer', async (t) => {
    const flow = await startStages(t, [...stage([[['first']]], { stream: true }), func('first', "msg.payload = 'Hello to you'; return msg;", ['return']), returnNode]);
    await answerOf(flow);
    assert.deepEqual(await tokensOf(flow), ['Hello to you', '']);
  });

  test('bear no frames, and what else the message has', async (t) => {
    const flow = await startStages(t, [...stage([[['inner']]], { stream: true }), fallback('inner', [[['echo']]]), echo('echo')]);
    await answerOf(flow, { payload: prompt, topic: 'stories' });
    for (const token of await flow.rest('tokens')) assert.deepEqual([token['topic'], '_llmCalls' in token], ['stories', false]);
  });
});

describe('A message that comes too late', () => {
  /** A branch that holds the message until the test lets it go on; its time limit has ended the call. */
  async function held(t: TestContext, ...behind: FlowNode[]) {
    const flow = await startStages(t, [...stage([[['hold'], { timeoutMs: 20 }]]), { id: 'hold', type: 'helper', wires: [] }, ...behind]);
    const { error } = await askStage(flow);
    assert.equal(error?.code, 'timeout');
    return { flow, late: await flow.next('hold') };
  }

  test('asks no provider', async (t) => {
    const backend = await manual(t, 'late', { wires: [['watch']] });
    const { flow, late } = await held(t, ...backend.nodes, { id: 'watch', type: 'helper', wires: [] });
    flow.send('late', late);
    assert.deepEqual([await flow.rest('watch'), await flow.rest('out'), backend.server.requests], [[], [], []]);
  });

  test('asks no branch of another stage', async (t) => {
    const { flow, late } = await held(t, fallback('late', [[['watch']]]), { id: 'watch', type: 'helper', wires: [] });
    flow.send('late', late);
    assert.deepEqual([await flow.rest('watch'), await flow.rest('out')], [[], []]);
  });

  test('is dropped by a return node, and counted', async (t) => {
    const { flow, late } = await held(t, returnNode);
    const count = dropped();
    flow.send('return', late);
    assert.deepEqual(await flow.rest('out'), []);
    assert.equal(count(), 1);
  });
});
