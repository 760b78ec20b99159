/** Tokens on their way up through stages: the same as from the backend, no faster than they are read, and told once. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { StreamPart, TokenSink } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import registerRouter from '../../nodes/stages/router/router.ts';
import { ask, hungUp } from '../support/asking.ts';
import { Flow, type FlowMessage, type FlowNode, quiet } from '../support/flow.ts';
import { answerType } from '../support/foreign.ts';
import { modelType } from '../support/model-type.ts';
import { finish, type Script, text } from '../support/scripted-client.ts';

let running: Flow | undefined;
afterEach(async () => {
  await running?.end();
  running = undefined;
  assert.equal(calls.size, 0);
});

/** A fallback over a router over a pool over whatever `member` is. */
function threeStages(member: string, settings: object = {}): FlowNode[] {
  return [
    { id: 'outer', type: 'llm-fallback', branches: [{}], wires: [['answers'], ['middle'], ['outer tokens']], ...settings },
    { id: 'middle', type: 'llm-router', mode: 'split', branches: [{ percent: 100 }], wires: [[], ['inner'], ['middle tokens']], ...settings },
    { id: 'inner', type: 'llm-pool', members: [{}], wires: [[], [member], ['inner tokens']], ...settings },
  ];
}

const watchers = ['answers', 'tokens', 'outer tokens', 'middle tokens', 'inner tokens'].map((id) => ({ id, type: 'helper', wires: [] }));

async function start(nodes: readonly FlowNode[], script?: Script): Promise<Flow> {
  const types = [registerFallback, registerPool, registerRouter, registerReturn, answerType, shoutType, ...(script ? [modelType({ model: script })] : [])];
  return (running = await Flow.start(types, [...nodes, ...watchers]));
}

const model: FlowNode = { id: 'model', type: 'test-model', stream: true, retries: 0, wires: [[], ['tokens']] };

/** Pieces as a network delivers them: of every kind, and some with more than one part. */
const pieces: StreamPart[][] = [
  [{ type: 'model', model: 'small' }],
  [{ type: 'thinking', text: 'Hm', carried: { anthropic: { signature: 's' } } }],
  [text('Once'), text(' upon')],
  [text(' a time')],
  [{ type: 'logprobs', logprobs: [-1] }, text('.')],
  [{ type: 'toolCall', index: 0, id: 'c', name: 'look', arguments: '{}' }],
  [{ type: 'usage', usage: { inputTokens: 1, outputTokens: 4 } }, finish],
];

const tale: Script = async function* ({ onConnected }) {
  onConnected();
  yield* pieces;
};

/** Changes the text, as a function node may. */
function shoutType(RED: NodeAPI): void {
  function construct(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    this.on('input', (msg, send, done) => {
      send({ ...msg, payload: String(msg.payload).toUpperCase() });
      done();
    });
  }
  RED.nodes.registerType('test-shout', construct);
}

/** All that is written, write by write. */
function recorder(): { writes: Array<readonly StreamPart[]>; sink: TokenSink } {
  const writes: Array<readonly StreamPart[]> = [];
  return { writes, sink: { write: (parts) => void writes.push(parts) } };
}

describe('Tokens through three stages', () => {
  test('are those of the backend, piece for piece', async () => {
    const flow = await start([...threeStages('model'), model], tale);
    const [direct, nested] = [recorder(), recorder()];
    const straight = await ask(flow, 'model', { payload: 'Hello' }, { sink: direct.sink });
    const through = await ask(flow, 'outer', { payload: 'Hello' }, { sink: nested.sink });
    assert.deepEqual(nested.writes, direct.writes);
    assert.equal(nested.writes.length, pieces.length - 1, 'All but the first piece, which nobody could see.');
    assert.ok(straight.ok && through.ok);
    assert.deepEqual(through.msg.completion?.message, straight.msg.completion?.message);
  });

  test('leave by the token port of each stage as by that of the backend', async () => {
    const flow = await start([...threeStages('model', { stream: true }), model], tale);
    flow.send('outer', { payload: 'Hello', topic: 'tales' });
    const { completion } = await flow.next('answers');
    const told = (tokens: FlowMessage[]) => tokens.map(({ payload, topic, parts, complete }) => ({ payload, topic, complete, ...(parts as object), id: '' }));
    const ofModel = told(await flow.rest('tokens'));
    assert.deepEqual(ofModel.map(({ payload }) => payload), ['Once', ' upon', ' a time', '.', '']);
    for (const stage of ['inner', 'middle', 'outer']) {
      const tokens = await flow.rest(`${stage} tokens`);
      assert.deepEqual(told(tokens), ofModel);
      assert.equal(tokens.at(-1)?.completion?.text, completion?.text);
    }
  });

  test('are held back where other nodes may still change the text: a reader gets what the stage gets', async () => {
    const behind: FlowNode[] = [{ id: 'shout', type: 'test-shout', wires: [['return']] }, { id: 'return', type: 'llm-return', wires: [] }];
    const flow = await start([...threeStages('model'), { ...model, wires: [['shout'], ['tokens']] }, ...behind], tale);
    const reader = recorder();
    const outcome = await ask(flow, 'outer', { payload: 'Hello' }, { sink: reader.sink });
    assert.deepEqual([outcome.ok && outcome.msg.payload, reader.writes], ['ONCE UPON A TIME.', [[text('ONCE UPON A TIME.')]]]);
  });

  test('come at once where a return node follows that changes nothing', async () => {
    const flow = await start([...threeStages('model'), { ...model, wires: [['return'], ['tokens']] }, { id: 'return', type: 'llm-return', wires: [] }], tale);
    const reader = recorder();
    await ask(flow, 'outer', { payload: 'Hello' }, { sink: reader.sink });
    assert.deepEqual(reader.writes.flat().filter(({ type }) => type === 'text').length, 4);
  });

  test('of a branch of other nodes are one, with the whole answer', async () => {
    const foreign: FlowNode[] = [
      { id: 'foreign', type: 'test-answer', wires: [['return']] },
      { id: 'return', type: 'llm-return', wires: [] },
    ];
    const flow = await start([...threeStages('foreign', { stream: true }), ...foreign]);
    const { writes, sink } = recorder();
    const outcome = await ask(flow, 'outer', { payload: 'Once upon a time' }, { sink });
    assert.ok(outcome.ok);
    assert.deepEqual(writes, [[text('Once upon a time')]]);
    for (const stage of ['inner', 'middle', 'outer']) {
      const tokens = await flow.rest(`${stage} tokens`);
      assert.deepEqual(tokens.map(({ payload }) => payload), ['Once upon a time', '']);
    }
  });
});

/** A reader who takes one write at a time, when the test says so. */
class SlowReader implements TokenSink {
  text = '';
  #written = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  write(parts: readonly StreamPart[]): Promise<void> {
    for (const part of parts) if (part.type === 'text') this.text += part.text;
    this.#taken = Promise.withResolvers();
    this.#written.resolve();
    return this.#taken.promise;
  }

  /** Resolves when something is there to be taken. */
  async look(): Promise<void> {
    await this.#written.promise;
  }

  take(): void {
    this.#written = Promise.withResolvers();
    this.#taken.resolve();
  }
}

describe('A slow reader behind three stages', () => {
  const many = 10_000;

  /** A provider that has ten thousand tokens ready. */
  function provider() {
    const state = { given: 0, isClosed: false };
    const script: Script = async function* ({ onConnected }) {
      onConnected();
      try {
        for (; state.given < many; state.given++) yield [text(`${state.given} `)];
        yield [finish];
      } finally {
        state.isClosed = true;
      }
    };
    return { state, script };
  }

  for (const [what, settings] of [['alone', {}], ['beside token ports', { stream: true }]] as const) {
    test(`${what} holds the provider back: it is never more than a token ahead`, async () => {
      const { state, script } = provider();
      const flow = await start([...threeStages('model', settings), { ...model, stream: false }], script);
      for (const { id } of watchers) flow.listen(id, () => undefined);
      const reader = new SlowReader();
      const outcome = ask(flow, 'outer', { payload: 'Hello' }, { sink: reader });
      // After the last token comes the finish.
      for (let taken = 0; taken <= many; taken++) {
        await reader.look();
        if (taken % 1000 === 0) await quiet();
        assert.equal(state.given, taken);
        reader.take();
      }
      const { ok } = await outcome;
      assert.equal(ok, true);
      assert.equal(reader.text, Array.from({ length: many }, (_, number) => `${number} `).join(''));
    });
  }

  test('that hangs up in the middle stops the provider', async () => {
    const { state, script } = provider();
    const flow = await start([...threeStages('model'), model], script);
    const controller = new AbortController();
    const reader = new SlowReader();
    const outcome = ask(flow, 'outer', { payload: 'Hello' }, { sink: reader, signal: controller.signal });
    await reader.look();
    controller.abort(hungUp);
    assert.deepEqual(await outcome, { ok: false, failure: hungUp });
    await quiet();
    assert.deepEqual(state, { given: 0, isClosed: true });
  });

  test('that fails ends the request', async () => {
    const { state, script } = provider();
    const flow = await start([...threeStages('model'), model], script);
    const sink = { write: () => Promise.reject(new LlmError('server', 'The reader broke.')) };
    const outcome = await ask(flow, 'outer', { payload: 'Hello' }, { sink });
    assert.equal(outcome.ok, false);
    await quiet();
    assert.deepEqual(state, { given: 0, isClosed: true });
  });
});
