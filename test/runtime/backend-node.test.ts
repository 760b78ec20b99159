import assert from 'node:assert/strict';
import { afterEach, describe, test, type TestContext } from 'node:test';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import registerLlamaCpp from '../../nodes/backends/llamacpp/llamacpp.ts';
import { failureKinds } from '../../nodes/core/errors.ts';
import { Flow, type FlowMessage, type FlowNode, type FlowOptions, join } from '../support/flow.ts';
import { type Exchange, startServer } from '../support/server.ts';

let running: Flow | undefined;
afterEach(() => running?.end().then(() => (running = undefined)));

async function start(nodes: FlowNode[], options?: FlowOptions): Promise<Flow> {
  return (running = await Flow.start([registerEcho, registerLlamaCpp, join], nodes, options));
}

/** An echo that answers at once, beside a catch and a complete node. */
function echoFlow(config: Record<string, unknown> = {}): FlowNode[] {
  return [
    { id: 'echo', type: 'llm-echo', name: 'Echo', tokensPerSecond: 0, retries: 0, wires: [['answers']], ...config },
    ...watchers('echo'),
  ];
}

/** Collects everything that may come of a message. */
function watchers(id: string): FlowNode[] {
  return [
    { id: 'answers', type: 'helper', wires: [] },
    { id: 'tokens', type: 'helper', wires: [] },
    { id: 'catch', type: 'catch', scope: null, wires: [['failures']] },
    { id: 'failures', type: 'helper', wires: [] },
    { id: 'complete', type: 'complete', scope: [id], wires: [['completed']] },
    { id: 'completed', type: 'helper', wires: [] },
  ];
}

function llamaFlow(url: string, config: Record<string, unknown> = {}): FlowNode[] {
  return [
    { id: 'server', type: 'llm-llamacpp-server', url, healthIntervalMs: 0 },
    { id: 'llama', type: 'llm-llamacpp', server: 'server', retries: 0, wires: [['answers']], ...config },
    ...watchers('llama'),
  ];
}

async function serve(t: TestContext, handle: (exchange: Exchange) => void | Promise<void>) {
  const server = await startServer(handle);
  t.after(() => server.close());
  return server;
}

const chunk = (content: string, reason: string | null = null) => ({ choices: [{ index: 0, delta: { content }, finish_reason: reason }] });

describe('A prompt', () => {
  test('is answered on msg.payload and msg.completion; everything else travels through untouched', async () => {
    const flow = await start(echoFlow());
    const others = { topic: 'stories', parts: { id: 'p', index: 0, count: 1 }, nested: { list: [1, { a: 2 }] }, llm: { session: 's' } };
    const { req } = { req: { live: () => 'socket' } };
    flow.send('echo', { _msgid: 'm1', payload: 'Once upon a time', ...structuredClone(others), req });
    const { completion, req: sameReq, ...msg } = await flow.next('answers');
    assert.deepEqual(msg, { _msgid: 'm1', payload: 'Once upon a time', ...others });
    assert.equal(sameReq, req);
    assert.equal(completion?.text, 'Once upon a time');
    assert.deepEqual(completion.backend, { id: 'echo', name: 'Echo', type: 'llm-echo' });
    assert.deepEqual(completion.usage, { inputTokens: 4, outputTokens: 4, estimated: false });
    assert.deepEqual(completion.cost, { usd: 0, inputUsd: 0, outputUsd: 0 });
    assert.deepEqual(structuredClone(completion), completion, 'only plain data travels');
  });

  test('is done exactly once, and nothing else comes of it', async () => {
    const flow = await start(echoFlow());
    flow.send('echo', { payload: 'Hello' });
    assert.equal((await flow.next('completed')).payload, 'Hello');
    const { length } = await flow.rest('answers');
    assert.deepEqual([length, await flow.rest('completed'), await flow.rest('failures'), await flow.rest('tokens')], [1, [], [], []]);
  });

  test('obeys what msg.llm says for it alone', async () => {
    const flow = await start(echoFlow({ maxTokens: 3, model: 'small' }));
    flow.send('echo', { payload: 'Once upon a time', llm: { maxTokens: 1, model: 'large' } });
    const { payload, completion } = await flow.next('answers');
    assert.deepEqual([payload, completion?.finishReason, completion?.model], ['Once', 'length', 'large']);
    flow.send('echo', { payload: 'Once upon a time' });
    const next = await flow.next('answers');
    assert.deepEqual([next.payload, next.completion?.model], ['Once upon a', 'small']);
  });

  test('of a conversation is answered too', async () => {
    const flow = await start(echoFlow());
    flow.send('echo', { payload: [{ role: 'user', content: 'First' }, { role: 'assistant', content: 'Yes' }, { role: 'user', content: 'Second' }] });
    assert.equal((await flow.next('answers')).payload, 'Second');
  });

  test('that is none fails with what is wrong, and a good one after it is answered', async () => {
    const flow = await start(echoFlow());
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const bad: object[] = [
      {},
      { payload: null },
      { payload: '' },
      { payload: 42 },
      { payload: Buffer.from('Hello') },
      { payload: circle },
      { payload: [] },
      { payload: [null] },
      { payload: [{ role: 'user' }] },
      { payload: [{ role: 'robot', content: 'Hello' }] },
      { payload: 'Hello', llm: 'fast' },
      { payload: 'Hello', llm: { maxTokens: -1 } },
      { payload: 'Hello', llm: { system: 7 } },
    ];
    for (const msg of bad) {
      flow.send('echo', msg);
      const { error } = await flow.next('failures');
      assert.equal(error?.code, 'invalid_request');
      assert.match(error.message, /msg\.|prompt|list of messages/);
    }
    flow.send('echo', { payload: 'Hello' });
    assert.equal((await flow.next('answers')).payload, 'Hello');
    assert.deepEqual(await flow.rest('failures'), []);
  });
});

describe('A failure', () => {
  test('of every kind reaches a catch node exactly once, as plain data, with the message as it was', async () => {
    for (const kind of failureKinds) {
      if (kind === 'timeout') continue;
      const flow = await start(echoFlow({ faultKind: kind }));
      flow.send('echo', { payload: 'Once upon a time', topic: 'stories' });
      const { error, payload, topic, completion } = await flow.next('failures');
      assert.deepEqual([payload, topic, completion], ['Once upon a time', 'stories', undefined]);
      assert.equal(error?.code, kind);
      assert.equal(error.source.id, 'echo');
      assert.match(error.message, /^The echo failed on purpose/);
      const { hint, attempts, ...cause } = error.cause;
      assert.deepEqual(attempts?.map((attempt) => attempt.error), [kind]);
      assert.deepEqual(cause, { kind, provider: 'echo' });
      assert.equal(typeof hint, kind === 'cancelled' ? 'undefined' : 'string');
      assert.deepEqual([await flow.rest('failures'), await flow.rest('answers'), await flow.rest('completed')], [[], [], []]);
      await flow.end();
      running = undefined;
    }
  });

  test('after the first token carries the text so far', async () => {
    const flow = await start(echoFlow({ faultKind: 'unavailable', faultAfterTokens: 2 }));
    flow.send('echo', { payload: 'Once upon a time' });
    const { error } = await flow.next('failures');
    assert.deepEqual([error?.cause.kind, error?.cause.partial], ['interrupted', 'Once upon']);
  });

  test("carries the provider's status and how long to wait", async (t) => {
    const server = await serve(t, (exchange) => exchange.json(429, { error: { message: 'Slow down', code: 'rate_limit_exceeded' } }, { 'retry-after': '7' }));
    const flow = await start(llamaFlow(server.url));
    flow.send('llama', { payload: 'Hello' });
    const { error } = await flow.next('failures');
    assert.deepEqual([error?.cause.kind, error?.cause.status, error?.cause.retryAfterMs, error?.cause.provider], ['rate_limit', 429, 7000, 'llamacpp']);
  });

  test('repeats neither the prompt nor the key nor the answer', async (t) => {
    const server = await serve(t, (exchange) => {
      const { text, headers } = exchange.request;
      exchange.json(400, { error: { message: `Cannot read ${text} of ${headers.authorization} and canary-key`, type: 'invalid_request_error' } });
    });
    const flow = await start(llamaFlow(server.url), { credentials: { server: { apiKey: 'canary-key' } } });
    flow.send('llama', { payload: 'canary-prompt', llm: { system: 'canary-system' } });
    const { error } = await flow.next('failures');
    assert.equal(error?.code, 'invalid_request');
    assert.doesNotMatch(JSON.stringify(error), /canary/);
  });
});

describe('The token port', () => {
  const streaming = { stream: true, tokensPerSecond: 1_000_000, wires: [['answers'], ['tokens']] };

  test('gives each token with its place, and at last the count and the completion', async () => {
    const flow = await start(echoFlow(streaming));
    flow.send('echo', { _msgid: 'm1', payload: 'Once upon a time', topic: 'stories' });
    const { completion } = await flow.next('answers');
    const tokens = await flow.rest('tokens');
    const first = tokens[0]?.['parts'] as { id: string } | undefined;
    const parts = (index: number) => ({ id: first?.id, type: 'string', ch: '', index });
    assert.deepEqual(tokens, [
      { _msgid: 'm1', topic: 'stories', payload: 'Once', parts: parts(0) },
      { _msgid: 'm1', topic: 'stories', payload: ' upon', parts: parts(1) },
      { _msgid: 'm1', topic: 'stories', payload: ' a', parts: parts(2) },
      { _msgid: 'm1', topic: 'stories', payload: ' time', parts: parts(3) },
      { _msgid: 'm1', topic: 'stories', payload: '', parts: { ...parts(4), count: 5 }, complete: true, completion },
    ]);
  });

  test('is put together again by a stock join node, for many prompts at once', async () => {
    const wires = [['answers'], ['join']];
    const flow = await start([...echoFlow({ ...streaming, wires }), { id: 'join', type: 'join', mode: 'auto', wires: [['tokens']] }]);
    const prompts = Array.from({ length: 20 }, (_, number) => `Story ${number}\n${'word '.repeat(number)}`);
    for (const payload of prompts) flow.send('echo', { payload });
    const joined = new Set<unknown>();
    for (const _ of prompts) joined.add((await flow.next('tokens')).payload);
    assert.deepEqual(joined, new Set(prompts));
    assert.equal((await flow.rest('answers')).length, 20);
  });

  test('and the answer do not share what travels on them', async () => {
    const flow = await start(echoFlow(streaming));
    flow.send('echo', { payload: 'Hello', nested: { a: 1 } });
    const answer = await flow.next('answers');
    const tokens = await flow.rest('tokens');
    (answer.completion as { text: string }).text = 'changed';
    (answer['nested'] as { a: number }).a = 2;
    for (const { completion, nested } of tokens) {
      assert.notEqual(completion?.text, 'changed');
      assert.deepEqual(nested, { a: 1 });
    }
  });

  test('ends with a reset where the answer fails, so that a join node lets go of it', async () => {
    const flow = await start(echoFlow({ ...streaming, faultKind: 'server', faultAfterTokens: 2 }));
    flow.send('echo', { payload: 'Once upon a time' });
    await flow.next('failures');
    const tokens = await flow.rest('tokens');
    assert.deepEqual(tokens.map(({ payload, complete, reset }) => [payload, complete, reset]), [
      ['Once', undefined, undefined],
      [' upon', undefined, undefined],
      ['', undefined, true],
    ]);
  });

  test('is silent where the node does not stream', async () => {
    const flow = await start(echoFlow({ ...streaming, stream: false }));
    flow.send('echo', { payload: 'Hello' });
    await flow.next('answers');
    assert.deepEqual(await flow.rest('tokens'), []);
  });
});

describe('A setting', () => {
  async function answerOf(config: Record<string, unknown>, msg: object = {}, prepare?: (flow: Flow) => void): Promise<FlowMessage> {
    const flow = await start(echoFlow(config));
    prepare?.(flow);
    flow.send('echo', { payload: 'Once upon a time', ...msg });
    return Promise.race([flow.next('answers'), flow.next('failures')]);
  }

  test('comes from the message, the flow, the globals, the environment or an expression', async (t) => {
    process.env['TEST_LLM_MODEL'] = 'from-env';
    t.after(() => delete process.env['TEST_LLM_MODEL']);
    const cases: Array<[Record<string, unknown>, string]> = [
      [{ model: 'choice.model', modelType: 'msg' }, 'from-msg'],
      [{ model: 'model', modelType: 'flow' }, 'from-flow'],
      [{ model: 'model', modelType: 'global' }, 'from-global'],
      [{ model: 'TEST_LLM_MODEL', modelType: 'env' }, 'from-env'],
      [{ model: "'from-' & topic", modelType: 'jsonata' }, 'from-jsonata'],
      [{ model: 'from-str', modelType: 'str' }, 'from-str'],
      [{ model: 'from-nothing' }, 'from-nothing'],
    ];
    for (const [config, model] of cases) {
      const { completion } = await answerOf(config, { choice: { model: 'from-msg' }, topic: 'jsonata' }, (flow) => {
        const { flow: ofFlow, global } = flow.node('echo').context();
        ofFlow.set('model', 'from-flow');
        global.set('model', 'from-global');
      });
      assert.equal(completion?.model, model, JSON.stringify(config));
      await running?.end();
      running = undefined;
    }
  });

  test('whose environment variable is not set fails each message as misconfigured, and names it', async () => {
    const cases: Array<[Record<string, unknown>, RegExp]> = [
      [{ retries: '${NOT_SET}' }, /^The environment variable NOT_SET, which retries names, is not set\./],
      [{ model: '${NOT_SET}' }, /NOT_SET, which model names/],
      [{ model: 'NOT_SET', modelType: 'env' }, /NOT_SET, which model names/],
      [{ system: 'a ${NOT_SET} b', systemType: 'env' }, /NOT_SET, which system names/],
    ];
    for (const [config, message] of cases) {
      const { error } = await answerOf(config);
      assert.equal(error?.code, 'misconfigured', JSON.stringify(config));
      assert.match(error.message, message);
      await running?.end();
      running = undefined;
    }
  });

  test('may be a variable, for numbers as well', async (t) => {
    process.env['TEST_LLM_TOKENS'] = '2';
    t.after(() => delete process.env['TEST_LLM_TOKENS']);
    assert.equal((await answerOf({ maxTokens: '${TEST_LLM_TOKENS}' })).payload, 'Once upon');
  });

  test('is read anew for each message', async () => {
    const flow = await start(echoFlow({ maxTokens: 'most', maxTokensType: 'msg' }));
    for (const [most, payload] of [[1, 'Once'], ['2', 'Once upon'], [undefined, 'Once upon a time']] as const) {
      flow.send('echo', { payload: 'Once upon a time', most });
      assert.equal((await flow.next('answers')).payload, payload);
    }
  });

  test('that the message has wrong fails that message, and says which', async () => {
    const wrong: Array<[Record<string, unknown>, unknown, RegExp]> = [
      [{ maxTokens: 'value', maxTokensType: 'msg' }, 'many', /maxTokens must be a whole number/],
      [{ temperature: 'value', temperatureType: 'msg' }, 99, /temperature must be a number from 0 to 5/],
      [{ model: 'value', modelType: 'msg' }, 7, /model must be text/],
      [{ model: '(', modelType: 'jsonata' }, '', /setting from jsonata\.\( cannot be read/],
      [{ model: 'a[', modelType: 'msg' }, '', /setting from msg\.a\[ cannot be read/],
    ];
    for (const [config, value, message] of wrong) {
      const { error } = await answerOf(config, { value });
      assert.equal(error?.code, config['modelType'] === 'jsonata' ? 'misconfigured' : 'invalid_request');
      assert.match(error.message, message);
      await running?.end();
      running = undefined;
    }
  });

  test('that is wrong in the node fails every message, and the status says so', async () => {
    const wrong: Array<Record<string, unknown>> = [
      { temperature: 'hot' },
      { maxTokens: 0 },
      { retries: -1 },
      { totalTimeoutMs: 'long' },
      { extra: '[1]' },
      { extra: '{' },
      { model: { name: 'x' } },
      { faultKind: 'no-such-kind' },
      { tokensPerSecond: 'fast' },
    ];
    for (const config of wrong) {
      const flow = await start(echoFlow(config));
      flow.send('echo', { payload: 'Hello' });
      const { error } = await flow.next('failures');
      assert.equal(error?.code, 'misconfigured', JSON.stringify(config));
      assert.match(error.message, /Open the node and correct it/);
      assert.deepEqual(flow.statuses('echo'), [misconfigured]);
      await flow.end();
      running = undefined;
    }
  });

  test('written by hand in another form is taken where it can only mean one thing', async () => {
    const { payload, completion } = await answerOf({ stop: 5, maxTokens: '2', extra: { a: 1 }, model: '' }, { payload: '3 4 5 6' });
    assert.deepEqual([payload, completion?.model], ['3 4', 'echo']);
  });
});

const misconfigured = { fill: 'red', shape: 'ring', text: 'llm.status.misconfigured' };

describe('The status', () => {
  test('is red after a failure, with its kind', async () => {
    const flow = await start(echoFlow({ faultKind: 'auth' }));
    flow.send('echo', { payload: 'Hello' });
    await flow.status('echo', 'llm.kind.auth');
    assert.equal(flow.statuses('echo').at(-1)?.fill, 'red');
  });

  test('of a new node clears what an older one has shown', async () => {
    const flow = await start(echoFlow());
    assert.deepEqual(flow.statuses('echo'), [{}]);
  });

  test('is blue while a request is under way', async (t) => {
    const { promise: asked, resolve } = Promise.withResolvers<Exchange>();
    const server = await serve(t, resolve);
    const flow = await start(llamaFlow(server.url));
    flow.send('llama', { payload: 'Hello' });
    const exchange = await asked;
    await flow.status('llama', 'busy');
    assert.deepEqual(flow.statuses('llama'), [{}, { fill: 'blue', shape: 'dot', text: '1 busy' }]);
    await exchange.events([chunk('Hi', 'stop')]);
    await flow.next('answers');
    await flow.status('llama', 'ms');
    assert.equal(flow.statuses('llama').at(-1)?.fill, 'green');
  });
});

describe('A config node', () => {
  for (const [what, server, message] of [
    ['that is not chosen', '', /The node has no server\. Open the node and choose or add the server\./],
    ['that is gone', 'no-such-node', /The server that the node uses is not there\..*choose another server\./],
    ['of another kind', 'answers', /must be of the type llm-llamacpp-server, and the one it uses is of the type helper\./],
  ] as const) {
    test(`${what} makes every message fail with what to do`, async () => {
      const flow = await start(llamaFlow('http://127.0.0.1:1', { server }));
      for (let count = 0; count < 2; count++) {
        flow.send('llama', { payload: 'Hello' });
        const { error } = await flow.next('failures');
        assert.match(error?.message ?? '', message);
        assert.equal(error?.code, 'misconfigured');
      }
      assert.deepEqual(flow.statuses('llama'), [misconfigured]);
    });
  }

  test('that is wrong hands its own problem to every message', async () => {
    const flow = await start(llamaFlow('localhost'));
    flow.send('llama', { payload: 'Hello' });
    const { error } = await flow.next('failures');
    assert.equal(error?.code, 'misconfigured');
    assert.match(error.message, /address/);
  });

  test('that is removed by a deploy is missed, and found again when it is back', async (t) => {
    const server = await serve(t, (exchange) => exchange.events([chunk('Hi', 'stop')]));
    const nodes = llamaFlow(server.url);
    const flow = await start(nodes);
    await flow.deploy(nodes.filter(({ id }) => id !== 'server'));
    flow.send('llama', { payload: 'Hello' });
    assert.match((await flow.next('failures')).error?.message ?? '', /The server that the node uses is not there/);
    await flow.deploy(nodes);
    const answered = flow.next('answers');
    flow.send('llama', { payload: 'Hello' });
    assert.equal((await answered).payload, 'Hi');
  });
});

describe('A deploy', () => {
  /** A server that holds its one answer until the test lets it go on. */
  async function holding(t: TestContext, drainMs: number) {
    const { promise: asked, resolve } = Promise.withResolvers<Exchange>();
    const server = await serve(t, async (exchange) => {
      exchange.startStream();
      await exchange.write(`data: ${JSON.stringify(chunk('Once'))}\n\n`);
      resolve(exchange);
    });
    const nodes = llamaFlow(server.url, { stream: true, wires: [['answers'], ['tokens']] });
    const flow = await start(nodes, { settings: { llm: { drainMs } } });
    flow.send('llama', { payload: 'Hello' });
    await flow.next('tokens');
    const changed = nodes.map((node) => (node.id === 'llama' ? { ...node, temperature: 1 } : node));
    return { server, flow, changed, exchange: await asked };
  }

  test('lets a request that is under way end, and its answer go on', async (t) => {
    const { flow, changed, exchange } = await holding(t, 14_000);
    const deployed = flow.deploy(changed);
    await exchange.write(`data: ${JSON.stringify(chunk(' upon', 'stop'))}\n\n`);
    exchange.end('data: [DONE]\n\n');
    await deployed;
    assert.equal((await flow.next('answers')).payload, 'Once upon');
    assert.deepEqual(await flow.rest('failures'), []);
  });

  test('cancels what takes too long: the message fails once and the provider sees its connection closed', async (t) => {
    const { server, flow, changed, exchange } = await holding(t, 1);
    await flow.deploy(changed);
    await exchange.closed;
    const { error } = await flow.next('failures');
    assert.deepEqual([error?.code, error?.cause.partial], ['cancelled', 'Once']);
    assert.match(error?.message ?? '', /deployed anew or stopped/);
    assert.deepEqual([await flow.rest('failures'), await flow.rest('answers')], [[], []]);
    assert.equal(server.requests.length, 1);
  });

  test('of everything closes the connections when the requests have ended', async (t) => {
    const { server, flow, exchange } = await holding(t, 1);
    await flow.stop();
    await exchange.closed;
    for (const socket of server.sockets) if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(server.sockets.size, 0);
  });
});
