/** Branches in which Node-RED's http request node asks a server. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { type Exchange, startServer } from '../support/server.ts';
import { answerOf, type BranchRow, echo, failureOf, func, returnNode, stage, startStages, triedIn } from '../support/stages.ts';

/** A stage that asks the server in its first branch. */
async function start(t: TestContext, handle: (exchange: Exchange) => void, { spare = true, ret = 'txt' } = {}) {
  const server = await startServer(handle);
  t.after(() => server.close());
  return startAt(t, server.url, { spare, ret });
}

function startAt(t: TestContext, url: string, { spare = true, ret = 'txt' } = {}) {
  const branches: BranchRow[] = spare ? [[['http']], [['spare']]] : [[['http']]];
  const http = { id: 'http', type: 'http request', method: 'POST', ret, url, wires: [['return']] };
  return startStages(t, [...stage(branches), http, returnNode, echo('spare')]);
}

describe('An http request', () => {
  test('that the server answers is the answer of the branch', async (t) => {
    const flow = await start(t, (exchange) => exchange.text(200, `You said: ${exchange.request.text}`));
    const { payload, completion, statusCode } = await answerOf(flow, { payload: 'Hello' });
    assert.deepEqual([payload, completion?.text, statusCode], ['You said: Hello', 'You said: Hello', 200]);
    assert.deepEqual(triedIn(completion?.attempts), ['A: ok']);
  });

  test('may be answered with an object or bytes, which stay on the payload and are text in the completion', async (t) => {
    for (const [ret, payload] of [['obj', { a: 1 }], ['bin', Buffer.from('{"a":1}')]] as const) {
      await t.test(ret, async (t) => {
        const flow = await start(t, (exchange) => exchange.json(200, { a: 1 }), { ret });
        const answer = await answerOf(flow);
        assert.deepEqual([answer.payload, answer.completion?.text], [payload, '{"a":1}']);
      });
    }
  });

  for (const [what, kind, answer] of [
    ['an error of the server', 'server', (exchange) => exchange.text(500, 'Sorry')],
    ['too many requests', 'rate_limit', (exchange) => exchange.text(429, 'Slow down', { 'retry-after': '7' })],
    ['an error that its body explains better', 'out_of_memory', (exchange) => exchange.json(500, { error: { message: 'CUDA out of memory' } })],
    ['a broken connection', 'unavailable', (exchange) => exchange.reset()],
  ] as ReadonlyArray<[string, string, (exchange: Exchange) => void]>) {
    test(`that ends with ${what} fails the attempt with ${kind}, and the next branch answers`, async (t) => {
      const flow = await start(t, answer);
      assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), [`A: ${kind}`, 'B: ok']);
    });
  }

  test('to which nobody listens fails the attempt, and the next branch answers', async (t) => {
    const server = await startServer(() => undefined);
    await server.close();
    const flow = await startAt(t, server.url);
    assert.deepEqual(triedIn((await answerOf(flow)).completion?.attempts), ['A: unavailable', 'B: ok']);
  });

  test('that is refused as wrong asks no other branch', async (t) => {
    const flow = await start(t, (exchange) => exchange.text(400, 'What?'));
    assert.equal((await failureOf(flow)).code, 'invalid_request');
  });

  test('carries the status and how long to wait, and nothing that the server said', async (t) => {
    const flow = await start(t, (exchange) => exchange.text(429, 'canary', { 'retry-after': '7' }), { spare: false });
    const { cause, message } = await failureOf(flow);
    assert.deepEqual([cause.kind, cause.status, cause.retryAfterMs, cause.provider], ['rate_limit', 429, 7000, 'flow']);
    assert.doesNotMatch(JSON.stringify([cause, message]), /canary/);
  });
});

describe('A backend and an http request in one branch', () => {
  const both = async (t: TestContext, first: 'backend' | 'request') => {
    const server = await startServer((exchange) => exchange.text(500, 'Sorry'));
    t.after(() => server.close());
    const [entry, httpTo, backendTo] = first === 'backend' ? ['backend', 'return', 'http'] : ['http', 'backend', 'return'];
    const http = { id: 'http', type: 'http request', method: 'POST', ret: 'txt', url: server.url, wires: [[httpTo]] };
    return startStages(t, [...stage([[[entry]]]), http, { ...echo('backend'), wires: [[backendTo]] }, returnNode]);
  };

  test('fail where the request comes last and is refused', async (t) => {
    assert.equal((await failureOf(await both(t, 'backend'))).code, 'server');
  });

  test('answer where the backend comes last, whatever it was given', async (t) => {
    assert.equal((await answerOf(await both(t, 'request'))).payload, 'Sorry');
  });
});

describe('What a message has from an earlier time', () => {
  const earlier = {
    statusCode: 500,
    headers: { 'retry-after': '7' },
    error: { message: 'An earlier failure', source: { id: 'other', type: 'function', name: 'other' } },
    completion: { text: 'An earlier answer', provider: 'earlier' },
  };

  test('is no failure of a branch', async (t) => {
    const flow = await startStages(t, [...stage([[['first']]]), func('first', "msg.payload = 'Hello'; return msg;", ['return']), returnNode]);
    const { completion, statusCode, error } = await answerOf(flow, { payload: 'Hi', ...structuredClone(earlier) });
    assert.deepEqual([completion?.text, completion?.provider], ['Hello', 'flow']);
    assert.deepEqual([statusCode, error?.message], [500, 'An earlier failure']);
  });

  test('is no answer of a branch', async (t) => {
    const flow = await start(t, (exchange) => exchange.text(503, 'Sorry'));
    const { completion } = await answerOf(flow, { payload: 'Hi', ...structuredClone(earlier) });
    assert.deepEqual([completion?.text, triedIn(completion?.attempts)], ['Hi', ['A: overloaded', 'B: ok']]);
  });

  test('hides no failure of the same kind', async (t) => {
    const flow = await start(t, (exchange) => exchange.text(500, 'Sorry', { 'retry-after': '7' }));
    const { completion } = await answerOf(flow, { payload: 'Hi', ...structuredClone(earlier) });
    assert.deepEqual(triedIn(completion?.attempts), ['A: server', 'B: ok']);
  });

  test('does not stand against the answer of a backend in the branch', async (t) => {
    const flow = await startStages(t, [
      ...stage([[['search']]]),
      func('search', 'msg.statusCode = 404; return msg;', ['echo']),
      echo('echo', { wires: [['return']] }),
      returnNode,
    ]);
    const { payload, completion } = await answerOf(flow, { payload: 'Hi', ...structuredClone(earlier) });
    assert.deepEqual([payload, completion?.provider, triedIn(completion?.attempts)], ['Hi', 'echo', ['A: ok']]);
  });
});
