/** Thousands of requests at once, with faults, cancels and full queues: each has one outcome, and nothing is left afterwards. */
import assert from 'node:assert/strict';
import { EventEmitter, getEventListeners } from 'node:events';
import { createRequire } from 'node:module';
import { describe, test, type TestContext } from 'node:test';
import type { Node, NodeAPI } from 'node-red';
import { EchoClient } from '../../nodes/backends/echo/client.ts';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import { Backend } from '../../nodes/core/backend.ts';
import { type FailureKind, LlmError } from '../../nodes/core/errors.ts';
import { bus } from '../../nodes/core/events.ts';
import { defaultLimits } from '../../nodes/core/limits.ts';
import { settled } from '../support/fake-time.ts';
import { Flow, type FlowMessage } from '../support/flow.ts';
import { requestOf } from '../support/requests.ts';

const { util } = createRequire(import.meta.url)('@node-red/util') as Pick<NodeAPI, 'util'>;

/** The same faults in every run. */
function steadyChance(t: TestContext): (most: number) => number {
  let state = 20_260_101;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  t.mock.method(Math, 'random', random);
  return (most) => Math.floor(random() * most);
}

/** Faults of every sort: retried or not, before the first token or after it, for good or with a timer. */
const faults: ReadonlyArray<{ faultKind: FailureKind; faultPercent: number; faultAfterTokens: number }> = [
  { faultKind: 'overloaded', faultPercent: 30, faultAfterTokens: 0 },
  { faultKind: 'server', faultPercent: 60, faultAfterTokens: 1 },
  { faultKind: 'rate_limit', faultPercent: 50, faultAfterTokens: 0 },
  { faultKind: 'unavailable', faultPercent: 90, faultAfterTokens: 2 },
  { faultKind: 'timeout', faultPercent: 2, faultAfterTokens: 0 },
  { faultKind: 'timeout', faultPercent: 2, faultAfterTokens: 1 },
  { faultKind: 'content_filter', faultPercent: 10, faultAfterTokens: 0 },
  { faultKind: 'cancelled', faultPercent: 10, faultAfterTokens: 0 },
];

const limits = {
  firstTokenTimeoutMs: 5,
  idleTimeoutMs: 5,
  totalTimeoutMs: 1000,
  retries: 2,
  retryBaseMs: 0,
  retryMaxMs: 0,
  breakerFailures: 4,
  breakerOpenMs: 1,
  maxConcurrent: 8,
  maxQueued: 40,
};

const perBackend = 1250;

/** The timers and sockets that keep the process alive. */
function alive(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name));
}

/** Starts so many, a random number of them at a time. */
async function inBursts(count: number, chance: (most: number) => number, start: (number: number) => void): Promise<void> {
  for (let number = 0; number < count; ) {
    for (let burst = chance(80); burst >= 0 && number < count; burst--) start(number++);
    await settled();
  }
}

describe('Ten thousand requests', () => {
  test('to backends: each has exactly one outcome, and nothing is left', async (t) => {
    const chance = steadyChance(t);
    const before = alive();
    const kinds = new Map<string, number>();
    const signals: AbortSignal[] = [];
    const events = { request: 0, completion: 0, failure: 0 };
    for (const name of ['request', 'completion', 'failure'] as const) t.after(bus.on(name, () => events[name]++));

    const backends = faults.map(({ faultKind: kind, faultPercent: percent, faultAfterTokens: afterTokens }, index) => {
      const identity = { id: String(index), name: kind, type: 'llm-echo' };
      const client = new EchoClient({ model: '', tokensPerSecond: 0, delayMs: 0, fault: { kind, percent, afterTokens } });
      return new Backend({ identity, client, limits: { ...defaultLimits, ...limits }, model: '' });
    });
    const outcomes: Array<Promise<void>> = [];
    for (const backend of backends) {
      await inBursts(perBackend, chance, (number) => {
        const controller = new AbortController();
        signals.push(controller.signal);
        const request = requestOf(`Question ${number} of many`, { priority: chance(3), ...(chance(20) === 0 && { timeoutMs: 1 + chance(3) }) });
        let written = '';
        const sink = {
          write: async () => {
            written += 'x';
            if (chance(10) === 0) await settled();
          },
        };
        const outcome = backend.complete(request, { signal: controller.signal, sink });
        outcomes.push(
          outcome.then(
            ({ text }) => {
              assert.equal(text, `Question ${number} of many`);
              assert.ok(written);
              kinds.set('ok', (kinds.get('ok') ?? 0) + 1);
            },
            ({ kind }: LlmError) => void kinds.set(kind, (kinds.get(kind) ?? 0) + 1),
          ),
        );
        const cancel = () => controller.abort(new LlmError('cancelled', 'The caller went away.'));
        const fate = chance(10);
        if (fate === 0) cancel();
        else if (fate === 1) void settled().then(cancel);
      });
    }
    await Promise.all(outcomes);

    const total = perBackend * backends.length;
    assert.equal(total, 10_000);
    assert.equal([...kinds.values()].reduce((sum, count) => sum + count), total);
    assert.deepEqual(events, { request: total, completion: kinds.get('ok'), failure: total - (kinds.get('ok') ?? 0) });
    for (const kind of ['ok', 'cancelled', 'shed', 'circuit_open', 'overloaded', 'server', 'rate_limit', 'interrupted', 'timeout', 'content_filter']) {
      assert.ok(kinds.has(kind), `The test is to bring about: ${kind}`);
    }
    for (const backend of backends) assert.deepEqual([backend.busy, backend.waiting], [0, 0]);
    for (const signal of signals) assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.deepEqual(alive(), before);
  });

  test('to nodes: each message is answered or fails, and is done exactly once', async (t) => {
    const chance = steadyChance(t);
    const before = alive();
    const nodes = faults.map((fault) => new EchoNode({ ...fault, ...limits, tokensPerSecond: 0, stream: true }));
    const messages: Array<ReturnType<EchoNode['ask']>> = [];
    for (const node of nodes) {
      await inBursts(perBackend, chance, (number) => {
        const isBad = chance(20) === 0;
        messages.push(node.ask(isBad ? { payload: number } : { payload: `Question ${number} of many`, llm: { priority: chance(3) } }));
      });
    }
    await Promise.all(messages.map(({ done }) => done));
    await Promise.all(nodes.map((node) => node.close()));
    await settled();

    assert.equal(messages.length, 10_000);
    for (const { record } of messages) {
      assert.equal(record.dones, 1);
      assert.equal(record.answers, record.failure ? 0 : 1);
      assert.equal(record.lastTokens, record.failure ? 0 : 1);
    }
    const failed = messages.filter(({ record }) => record.failure);
    assert.ok(failed.length > 1000 && failed.length < 9000);
    assert.deepEqual(alive(), before);
  });

  test('that a closing node cuts short: each is done exactly once, and the node closes', async (t) => {
    const chance = steadyChance(t);
    const before = alive();
    const node = new EchoNode({ delayMs: 3_600_000, ...limits, firstTokenTimeoutMs: 0, totalTimeoutMs: 0, maxConcurrent: 5000, maxQueued: 5000 }, { drainMs: 0 });
    const messages: Array<ReturnType<EchoNode['ask']>> = [];
    await inBursts(10_000, chance, (number) => messages.push(node.ask({ payload: `Question ${number}` })));
    await node.close();
    await Promise.all(messages.map(({ done }) => done));
    for (const { record } of messages) assert.deepEqual([record.dones, record.answers, record.failure?.kind], [1, 0, 'cancelled']);
    assert.deepEqual(alive(), before);
  });
});

test('a thousand messages through the real Node-RED come out once each, by the answer or by the catch node', async (t) => {
  const chance = steadyChance(t);
  const flow = await Flow.start([registerEcho], [
    { id: 'echo', type: 'llm-echo', ...limits, ...faults[0], tokensPerSecond: 0, wires: [['outcomes']] },
    { id: 'catch', type: 'catch', scope: null, wires: [['outcomes']] },
    { id: 'outcomes', type: 'helper', wires: [] },
    { id: 'complete', type: 'complete', scope: ['echo'], wires: [['completed']] },
    { id: 'completed', type: 'helper', wires: [] },
  ]);
  t.after(() => flow.end());
  await inBursts(1000, chance, (number) => flow.send('echo', { payload: 'Hello', number }));
  const numbers = new Set<unknown>();
  let answers = 0;
  for (let count = 0; count < 1000; count++) {
    const { number, error, completion } = await flow.next('outcomes');
    numbers.add(number);
    assert.equal(error === undefined, completion !== undefined);
    if (completion) answers++;
  }
  assert.equal(numbers.size, 1000);
  assert.deepEqual([(await flow.rest('outcomes')).length, (await flow.rest('completed')).length], [0, answers]);
  assert.ok(answers > 100 && answers < 1000);
});

/** The node in no flow: its messages come and go with functions of the test's own, which is many times faster. */
class EchoNode {
  readonly #node: EventEmitter;

  constructor(config: object, llm: object = {}) {
    const node = Object.assign(new EventEmitter(), { id: 'echo', type: 'llm-echo', wires: [['answers'], ['tokens']], status: () => undefined });
    let construct: ((this: unknown, config: object) => void) | undefined;
    registerEcho({
      util,
      settings: { llm },
      log: { error: (message: string) => assert.fail(message) },
      nodes: { createNode: () => undefined, registerType: (_type: string, constructor: typeof construct) => (construct = constructor) },
    } as unknown as NodeAPI);
    construct?.call(node as unknown as Node, { id: 'echo', type: 'llm-echo', ...config });
    this.#node = node;
  }

  ask(msg: object) {
    const record: { dones: number; answers: number; lastTokens: number; failure?: LlmError } = { dones: 0, answers: 0, lastTokens: 0 };
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const send = (sent: FlowMessage | [null, FlowMessage]) => {
      if (!Array.isArray(sent)) record.answers++;
      else if (sent[1].complete) record.lastTokens++;
    };
    this.#node.emit('input', msg, send, (failure?: LlmError) => {
      record.dones++;
      if (failure) record.failure = failure;
      resolve();
    });
    return { record, done };
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#node.emit('close', resolve));
  }
}
