/** What nodes of other palettes write into a message reaches nobody else, and what our own nodes hold together none of them writes into. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import registerFallback from '../../nodes/stages/fallback/fallback.ts';
import registerPool from '../../nodes/stages/pool/pool.ts';
import registerReturn from '../../nodes/stages/return/return.ts';
import registerRouter from '../../nodes/stages/router/router.ts';
import { calls, type LlmMessage } from '../../nodes/runtime/calls.ts';
import { bus } from '../../nodes/core/events.ts';
import { until } from '../support/asking.ts';
import { settled } from '../support/fake-time.ts';
import { core, Flow, type FlowMessage, type FlowNode } from '../support/flow.ts';
import { modelType } from '../support/model-type.ts';
import { freeze, frozenIn, scribble, scribblerType } from '../support/scribbler.ts';
import { answers, finish, type Script, text } from '../support/scripted-client.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { echo, returnNode, stage, startStages } from '../support/stages.ts';

/** A message with something in each place where there may be something. */
const asked = () => ({
  payload: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [{ type: 'text', text: 'Once upon a time' }] }],
  llm: { temperature: 0.5, tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }], extra: { user: 'ann', bias: { 7: 1 } }, context: [{ text: 'A passage.', headings: ['A'] }] },
  records: [{ id: 1, tags: ['a', 'b'] }, { id: 2, tags: [] }],
});

interface Model { kind: 'model'; fails: boolean; isSlow: boolean }
interface Stage { kind: 'fallback' | 'pool' | 'router'; rows: Array<{ tree: Tree; before: Before; behind: Behind; shadow: boolean }> }
type Tree = Model | Stage;
/** Between the stage and what answers. */
type Before = (typeof befores)[number];
/** Behind what answers. */
type Behind = (typeof behinds)[number];

const befores = ['nothing', 'nothing', 'scribbler', 'junction', 'links', 'fork', 'failing', 'twin'] as const;
const behinds = ['nothing', 'nothing', 'return', 'scribbler', 'watched'] as const;

const { tree: trees } = fc.letrec<{ tree: Tree; model: Model; stage: Stage }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('model'), tie('stage')),
  model: fc.record({ kind: fc.constant('model' as const), fails: fc.boolean(), isSlow: fc.boolean() }),
  stage: fc.record({
    kind: fc.constantFrom('fallback' as const, 'pool' as const, 'router' as const),
    rows: fc.array(fc.record({ tree: tie('tree'), before: fc.constantFrom(...befores), behind: fc.constantFrom(...behinds), shadow: fc.boolean() }), { minLength: 1, maxLength: 3 }),
  }),
}));

/** The nodes of a flow, and the scripts of its models. */
class Plan {
  readonly nodes: FlowNode[] = [];
  readonly scripts: Record<string, Script> = {};
  readonly #check: (request: unknown) => void;
  #ids = 0;

  constructor(check: (request: unknown) => void) {
    this.#check = check;
  }

  /** Returns the id of the node. */
  plant(tree: Tree, answers: string[]): string {
    return tree.kind === 'model' ? this.#model(tree, answers) : this.#stage(tree, answers);
  }

  add(type: string, wires: string[][], config: object = {}): string {
    const id = `n${this.#ids++}`;
    this.nodes.push({ id, type, name: id, wires, ...config });
    return id;
  }

  #model({ fails, isSlow }: Model, answers: string[]): string {
    const id = this.add('test-model', [answers], { breakerFailures: 0, retries: 0 });
    const check = this.#check;
    this.scripts[id] = async function* ({ onConnected }, request) {
      onConnected();
      check(request);
      for (let turns = isSlow ? 8 : 0; turns > 0; turns--) await settled();
      check(request);
      if (fails) throw new LlmError('server', 'The script failed.');
      yield [text('Hello'), finish];
    };
    return id;
  }

  #stage({ kind, rows }: Stage, answers: string[]): string {
    const named = rows.map(({ shadow }, at) => ({ name: `r${at}`, shadow: kind === 'router' && at > 0 && shadow, onFailure: 'next' }));
    const answering = named.filter(({ shadow }) => !shadow);
    const config = {
      fallback: { branches: named.map(({ name }) => ({ name })) },
      pool: { members: named.map(({ name }) => ({ name })), attempts: rows.length, breakerFailures: 0 },
      router: { branches: named.map((row) => ({ ...row, percent: row.shadow ? 100 : 100 / answering.length })) },
    }[kind];
    return this.add(`llm-${kind}`, [answers, ...rows.map((row) => this.#branch(row))], config);
  }

  #branch({ tree, before, behind }: Stage['rows'][number]): string[] {
    const entry = this.plant(tree, this.#behind(behind));
    switch (before) {
      case 'nothing':
        return [entry];
      case 'scribbler':
        return [this.add('test-scribbler', [[entry]])];
      case 'junction':
        return [this.add('junction', [[entry]])];
      case 'links':
        return [this.add('link out', [[this.add('link in', [[entry]])]], { mode: 'link' })];
      case 'fork':
        return [entry, this.add('test-scribbler', [[]], { does: 'keep' })];
      case 'failing':
        return [this.add('test-scribbler', [[entry]], { does: 'fail' })];
      case 'twin':
        return [entry, this.plant({ kind: 'model', fails: true, isSlow: false }, []), this.add('junction', [[this.add('test-scribbler', [[]], { does: 'keep' })]])];
    }
  }

  #behind(behind: Behind): string[] {
    switch (behind) {
      case 'nothing':
        return [];
      case 'return':
        return [this.add('llm-return', [])];
      case 'scribbler':
        return [this.add('test-scribbler', [[this.add('llm-return', [])]])];
      case 'watched':
        return [this.add('test-scribbler', [[]], { does: 'keep' })];
    }
  }
}

/** What nobody may have changed, wherever the message is: its prompt while it is asked, and all that it came with. */
function checkCarried(msg: LlmMessage | FlowMessage): void {
  const { llm, records, payload } = msg as LlmMessage & { records: unknown };
  const { payload: prompt, ...others } = asked();
  assert.deepEqual({ llm, records }, others);
  assert.deepEqual(payload, msg.completion ? 'Hello' : prompt);
}

function late(tree: Tree): Promise<never> {
  return new Promise((_, reject) => void setTimeout(() => reject(new Error(`No outcome of ${JSON.stringify(tree)}`)), 5_000).unref());
}

/** With what went wrong where no test sees it: in nodes and models. */
async function run(tree: Tree, isFrozen: boolean): Promise<void> {
  const wrong: unknown[] = [];
  const noting = (check: () => void) => {
    try {
      check();
    } catch (error) {
      wrong.push(error);
    }
  };
  const plan = new Plan((request) => noting(() => {
    const { messages, tools, extra, temperature } = request as { messages: unknown; tools: unknown; extra: unknown; temperature: unknown };
    const { payload, llm } = asked();
    assert.deepEqual({ messages, tools, extra, temperature }, { messages: payload, tools: llm.tools, extra: llm.extra, temperature: llm.temperature });
  }));
  const root = plan.plant(tree.kind === 'model' ? { kind: 'fallback', rows: [{ tree, before: 'nothing', behind: 'nothing', shadow: false }] } : tree, ['out']);
  const scribblers = scribblerType((msg) => noting(() => {
    assert.equal(frozenIn(msg), undefined, 'Something that is frozen came to a node of another palette.');
    checkCarried(msg);
  }));
  const nodes = [...plan.nodes, { id: 'out', type: 'helper', wires: [] }, { id: 'catch', type: 'catch', scope: [root], wires: [['caught']] }, { id: 'caught', type: 'helper', wires: [] }];
  const flow = await Flow.start([registerFallback, registerPool, registerRouter, registerReturn, modelType(plan.scripts), scribblers, core('common/60-link.js'), core('common/05-junction.js')], nodes);
  const told: Array<{ usage?: unknown; timing?: unknown; copy: unknown }> = [];
  const unsubscribe = [bus.on('stageEnd', ({ usage, timing }) => void told.push({ usage, timing, copy: structuredClone({ usage, timing }) })), bus.on('completion', ({ usage, timing }) => void told.push({ usage, timing, copy: structuredClone({ usage, timing }) }))];
  try {
    for (let request = 0; request < 2; request++) {
      flow.send(root, isFrozen ? { ...freeze(asked()) } : asked());
      const outcome = await Promise.race([flow.next('out'), flow.next('caught'), late(tree)]);
      if (!outcome.error) {
        checkCarried(outcome);
        if (!isFrozen) scribble(outcome);
      }
      await until(() => calls.size === 0);
      assert.deepEqual([await flow.rest('out'), await flow.rest('caught')], [[], []]);
    }
    for (const { copy, ...kept } of told) assert.deepEqual(kept, copy, 'What listeners keep has changed.');
    if (wrong.length > 0) throw wrong[0];
  } finally {
    for (const end of unsubscribe) end();
    await flow.end();
  }
}

test('In any tree of our nodes and of others, whatever the others write: every attempt, every answer and every listener has what it ought to', async () => {
  await fc.assert(fc.asyncProperty(trees, fc.boolean(), run), { numRuns: 60, interruptAfterTimeLimit: 90_000 });
});

test('A branch on trial still has what it was asked when the answer has left and is written into', async (t) => {
  const seen: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  const trial: Script = async function* ({ onConnected }, { messages, tools }) {
    onConnected();
    await gate.promise;
    seen.push(structuredClone({ messages, tools }));
    yield [text('Hello'), finish];
  };
  const router = { id: 'router', type: 'llm-router', branches: [{ percent: 100 }, { percent: 100, shadow: true }], wires: [['out'], ['model'], ['trial']] };
  const model = (id: string) => ({ id, type: 'test-model', wires: [[]] });
  const flow = await Flow.start([registerRouter, modelType({ model: answers([text('Hello'), finish]), trial })], [router, model('model'), model('trial'), { id: 'out', type: 'helper', wires: [] }]);
  t.after(() => flow.end());
  flow.send('router', asked());
  scribble(await flow.next('out'));
  gate.resolve();
  await until(() => calls.size === 0);
  assert.deepEqual(seen, [{ messages: asked().payload, tools: asked().llm.tools }]);
});

describe('A copy', () => {
  /** How often Node-RED was asked for a copy of a message. */
  async function copiesIn(t: TestContext, nodes: FlowNode[], start = 'stage'): Promise<number> {
    const flow = await startStages(t, nodes);
    let copies = 0;
    const msg = asked();
    // A copy of this message asks for this property once.
    Object.defineProperty(msg.records, 'length', { value: 2 });
    Object.defineProperty(msg.records[0], 'seen', { enumerable: true, get: () => void copies++ });
    flow.send(start, msg);
    await flow.next('out');
    return copies;
  }

  test('is made of nothing that stays among our own nodes', async (t) => {
    const nested = { id: 'inner', type: 'llm-pool', members: [{}, {}], wires: [[], ['link out'], ['echo']] };
    const links = [{ id: 'link out', type: 'link out', mode: 'link', wires: [['link in']] }, { id: 'link in', type: 'link in', wires: [['echo']] }];
    assert.equal(await copiesIn(t, [...stage([[['inner']], [['echo']]]).filter(({ type }) => type !== 'complete'), nested, ...links, echo('echo')]), 0);
  });

  test('is made once for a node of another palette, at whichever end of a branch it stands', async (t) => {
    const func = (id: string, wires: string[]): FlowNode => ({ id, type: 'change', rules: [], wires: [wires] });
    const nodes = stage([[['inner']]]).filter(({ type }) => type !== 'complete');
    const inner = { id: 'inner', type: 'llm-fallback', branches: [{}], wires: [['after'], ['before']] };
    assert.equal(await copiesIn(t, [...nodes, inner, func('before', ['echo']), echo('echo'), func('after', ['return']), returnNode]), 1);
  });
});
