/** Deploys while two hundred requests are under way: what can end is answered, what is lost fails over, and each request ends once. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { calls, type Outcome } from '../../nodes/runtime/calls.ts';
import registerEcho from '../../nodes/backends/echo/echo.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import { ask } from '../support/asking.ts';
import { Flow, quiet, type FlowNode } from '../support/flow.ts';
import { holdType, passType } from '../support/foreign.ts';
import { Gate, gated, modelType } from '../support/model-type.ts';
import { answers, finish, text } from '../support/scripted-client.ts';

const half = 100;

/** Two hundred requests that have come as far as the gate: half of them sent by wire, half by a stage that has `root` in a branch. */
class Crowd {
  readonly flow: Flow;
  readonly gate: Gate;
  readonly #nodes: readonly FlowNode[];
  readonly #outcomes: Array<Promise<Outcome>> = [];
  /** What the root was done with, and how. */
  readonly #dones: Record<string, string[]> = { wire: [], call: [] };

  static async gather(nodes: readonly FlowNode[], { drainMs = 14_000 } = {}): Promise<Crowd> {
    const gate = new Gate(2 * half);
    const model = modelType({ model: gated(gate, [], ['model']) });
    const types = [registerEcho, registerFallback, registerPool, registerReturn, model, holdType(gate), passType()];
    const flow = (running = await Flow.start(types, withAnswers(nodes), { settings: { llm: { drainMs } } }));
    const crowd = new Crowd(flow, gate, nodes);
    for (let number = 0; number < half; number++) crowd.#send();
    await gate.arrived;
    return crowd;
  }

  private constructor(flow: Flow, gate: Gate, nodes: readonly FlowNode[]) {
    this.flow = flow;
    this.gate = gate;
    this.#nodes = nodes;
    flow.onDone('root', ({ topic = '' }, error) => this.#dones[topic]?.push(error?.kind ?? 'done'));
  }

  #send(): void {
    this.flow.send('root', { payload: 'echo', topic: 'wire' });
    this.#outcomes.push(ask(this.flow, 'root', { payload: 'echo', topic: 'call' }));
  }

  /** Deploys the flow with nodes changed, or removed with `undefined`. */
  deploy(changes: Readonly<Record<string, object | undefined>>, type: 'nodes' | 'full' = 'nodes'): Promise<void> {
    const kept = this.#nodes.filter(({ id }) => !(id in changes) || changes[id]);
    return this.flow.deploy(withAnswers(kept.map((node) => ({ ...node, ...changes[node.id] }))), type);
  }

  /** All of them end with this answer, or fail in this way; each once, and nothing is left. */
  /** `wire` is how those that came by wire end, where it is in another way. */
  async allEnd(what: { answer: string } | { failure: string; wire?: string }): Promise<void> {
    const { answer, failure, wire } = { answer: undefined, failure: undefined, wire: undefined, ...what };
    const outcomes = await Promise.all(this.#outcomes);
    await quiet();
    const same = (value: string) => Array.from({ length: half }, () => value);
    assert.deepEqual(outcomes.map((outcome) => (outcome.ok ? outcome.msg.payload : outcome.failure.kind)), same(answer ?? failure ?? ''));
    assert.deepEqual(this.#dones, { wire: same(wire ?? failure ?? 'done'), call: same('done') });
    assert.equal(calls.size, 0);
  }

  /** The answers that have left the root by wire: to those that came by wire, and as copies to those who watch. */
  async answersByWire(): Promise<unknown[]> {
    const answers = await this.flow.rest('answers');
    return answers.map(({ payload }) => payload);
  }
}

let running: Flow | undefined;
afterEach(() => running?.end().then(() => (running = undefined)));

function withAnswers(nodes: readonly FlowNode[]): FlowNode[] {
  return [...nodes, { id: 'answers', type: 'helper', wires: [] }];
}

/** The root asks `first`, and `second` where that fails. */
function fallbackTo(first: string, second?: string): FlowNode {
  const ids = [first, ...(second ? [second] : [])];
  return { id: 'root', type: 'llm-fallback', branches: ids.map((name) => ({ name })), wires: [['answers'], ...ids.map((id) => [id])] };
}

const model: FlowNode = { id: 'model', type: 'test-model', retries: 0, wires: [[]] };
const echo: FlowNode = { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, retries: 0, wires: [[]] };
const returns: FlowNode = { id: 'return', type: 'llm-return', wires: [] };
const hold: FlowNode = { id: 'hold', type: 'test-hold', wires: [['return']] };
const changed = { version: 2 };

describe('Requests under way at a backend are answered', () => {
  const nodes = [fallbackTo('model', 'echo'), model, echo];
  const changes: Array<[string, Readonly<Record<string, object | undefined>>, ('nodes' | 'full')?]> = [
    ['when their stage is changed', { root: changed }],
    ['when their stage is removed', { root: undefined }],
    ['when their stage is wired to other backends', { root: { wires: [['answers'], ['echo'], ['echo']] } }],
    ['when the backend is changed', { model: changed }],
    ['when the backend is removed', { model: undefined }],
    ['when the backend and the stage are changed', { root: changed, model: changed }],
    ['when everything is deployed anew', {}, 'full'],
  ];
  for (const [when, change, type] of changes) {
    test(when, async () => {
      const crowd = await Crowd.gather(nodes);
      const deployed = crowd.deploy(change, type);
      crowd.gate.open();
      await Promise.all([crowd.allEnd({ answer: 'model' }), deployed]);
      // After a full deploy another node stands there, and was not yet there when the answers came.
      if (type !== 'full') assert.equal((await crowd.answersByWire()).length, 2 * half);
    });
  }

  test('by the one member of a pool that is changed, while new ones go to the other', async () => {
    const pool = { id: 'root', type: 'llm-pool', strategy: 'weighted', members: [{ name: 'model', weight: 1 }, { name: 'echo', weight: 0 }], wires: [['answers'], ['model'], ['echo']] };
    const crowd = await Crowd.gather([pool, model, echo]);
    const deployed = crowd.deploy({ model: changed });
    await quiet();
    const outcome = await ask(crowd.flow, 'root', { payload: 'new' });
    assert.deepEqual(outcome.ok && [outcome.msg.payload, outcome.msg.completion?.attempts.map(({ backend }) => backend)], ['new', ['model', 'llm-echo']]);
    crowd.gate.open();
    await Promise.all([quiet(), deployed]);
    assert.equal((await crowd.answersByWire()).length, 2 * half + 1);
    assert.equal(calls.size, 0);
  });
});

describe('Requests that take longer than a deploy waits', () => {
  test('are cancelled with their stage', async () => {
    const crowd = await Crowd.gather([fallbackTo('model', 'echo'), model, echo], { drainMs: 1 });
    await crowd.deploy({ root: changed });
    await crowd.allEnd({ failure: 'cancelled' });
  });

  test('go on to the next branch where a backend is changed or removed', async () => {
    for (const change of [changed, undefined]) {
      const crowd = await Crowd.gather([fallbackTo('model', 'echo'), model, echo], { drainMs: 1 });
      await crowd.deploy({ model: change });
      await crowd.allEnd({ answer: 'echo' });
      await crowd.flow.end();
      running = undefined;
    }
  });

  test('go on to the next branch of the outer stage where the inner one is changed or removed', async () => {
    const inner: FlowNode = { id: 'inner', type: 'llm-pool', members: [{ name: 'model' }], wires: [[], ['model']] };
    for (const change of [changed, undefined]) {
      const crowd = await Crowd.gather([fallbackTo('inner', 'echo'), inner, model, echo], { drainMs: 1 });
      await crowd.deploy({ inner: change });
      await crowd.allEnd({ answer: 'echo' });
      await crowd.flow.end();
      running = undefined;
    }
  });
});

describe('Requests that a node of another palette holds', () => {
  test('are lost with it: they go on to the next branch', async () => {
    for (const change of [changed, undefined]) {
      const crowd = await Crowd.gather([fallbackTo('hold', 'echo'), hold, returns, echo]);
      await crowd.deploy({ hold: change });
      await crowd.allEnd({ answer: 'echo' });
      await crowd.flow.end();
      running = undefined;
    }
  });

  test('are lost with it: without a next branch a stage above decides, and where there is none the new node is asked', async () => {
    const crowd = await Crowd.gather([fallbackTo('hold'), hold, returns]);
    await crowd.deploy({ hold: changed });
    crowd.gate.open();
    await crowd.allEnd({ failure: 'unavailable', wire: 'done' });
  });

  test('are answered where only their stage is changed', async () => {
    const crowd = await Crowd.gather([fallbackTo('hold', 'echo'), hold, returns, echo]);
    const deployed = crowd.deploy({ root: changed });
    crowd.gate.open();
    await Promise.all([crowd.allEnd({ answer: 'held' }), deployed]);
  });

  test('are lost where it is wired away from the return node, for their answers come no more', async () => {
    const crowd = await Crowd.gather([fallbackTo('hold', 'echo'), hold, returns, echo]);
    await crowd.deploy({ hold: { wires: [[]] } });
    await crowd.allEnd({ answer: 'echo' });
  });

  test('are not waited for by a stage that goes as well', async () => {
    const crowd = await Crowd.gather([fallbackTo('hold'), hold, returns]);
    await crowd.deploy({}, 'full');
    await crowd.allEnd({ failure: 'unavailable' });
  });

  test('are lost where it sends them to a node that is being changed', async () => {
    const pass: FlowNode = { id: 'pass', type: 'test-pass', wires: [['model']] };
    const crowd = await Crowd.gather([fallbackTo('pass', 'echo'), pass, model, echo]);
    const deployed = crowd.deploy({ model: changed });
    await quiet();
    const late = ask(crowd.flow, 'root', { payload: 'late' });
    await quiet();
    crowd.gate.open();
    await deployed;
    const outcome = await late;
    assert.equal(outcome.ok && outcome.msg.payload, 'late');
    await crowd.allEnd({ answer: 'model' });
  });
});

test('A request whose answer is lost on its way to a return node gets that of another backend of the branch, which forks', async () => {
  const [first, second] = [new Gate(), new Gate()];
  const nodes: FlowNode[] = [
    { ...fallbackTo('fork', 'echo'), wires: [['answers'], ['model', 'other'], ['echo']] },
    { ...model, wires: [['hold']] },
    { ...model, id: 'other' },
    hold,
    returns,
    echo,
  ];
  const scripts = { model: answers([text('model'), finish]), other: gated(second, [], ['other']) };
  const flow = (running = await Flow.start([registerEcho, registerFallback, registerReturn, modelType(scripts), holdType(first)], withAnswers(nodes)));
  const outcome = ask(flow, 'root', { payload: 'echo' }, { sink: { write: () => undefined, restart: () => undefined } });
  await Promise.all([first.arrived, second.arrived]);
  await flow.deploy(withAnswers(nodes.map((node) => (node.id === 'hold' ? { ...node, ...changed } : node))));
  second.open();
  const ended = await outcome;
  assert.equal(ended.ok && ended.msg.payload, 'other');
  assert.equal(calls.size, 0);
});

describe('Answers on their way to a return node', () => {
  const nodes = [fallbackTo('model', 'echo'), { ...model, wires: [['pass']] }, { id: 'pass', type: 'test-pass', wires: [['return']] }, returns, echo];

  test('that is wired off meanwhile are not handed back without what stood before it: the next branch answers', async () => {
    for (const change of [{ model: { wires: [[]] } }, { pass: undefined }, { return: undefined }]) {
      const crowd = await Crowd.gather(nodes);
      await crowd.deploy(change);
      crowd.gate.open();
      await crowd.allEnd({ answer: 'echo' });
      await crowd.flow.end();
      running = undefined;
    }
  });

  test('that goes in a deploy of everything fail', async () => {
    const crowd = await Crowd.gather(nodes);
    const deployed = crowd.deploy({}, 'full');
    await quiet();
    crowd.gate.open();
    await Promise.all([crowd.allEnd({ failure: 'unavailable' }), deployed]);
  });

  test('come there where the nodes between are changed before', async () => {
    const crowd = await Crowd.gather(nodes);
    await crowd.deploy({ pass: changed, return: changed });
    crowd.gate.open();
    await crowd.allEnd({ answer: 'model' });
  });
});
