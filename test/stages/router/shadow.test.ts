import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { bus, type LlmEvents } from '../../../nodes/core/events.ts';
import { calls } from '../../../nodes/runtime/calls.ts';
import { type BranchSetup, held, scriptedNode, StageFlow, tried } from '../../support/policies.ts';
import { answers, fails, finish, hangs, type Script, text } from '../../support/scripted-client.ts';

const fine = answers([text('Hi')], [text(' there'), finish]);
const trial = { name: 'trial', shadow: true, percent: 100 };

/** A router whose first branch answers and whose second is on trial. */
function routerOf(t: TestContext, branches: BranchSetup[], config: object = {}): Promise<StageFlow> {
  return StageFlow.start(t, { type: 'llm-router', branches: [{ name: 'main', percent: 100 }, trial], ...config }, branches);
}

/** Without the ids, which runtime/trace.test.ts looks at. */
function branchEvents(t: TestContext): Array<Omit<LlmEvents['branch'], 'id' | 'parent'>> {
  const events: Array<Omit<LlmEvents['branch'], 'id' | 'parent'>> = [];
  t.after(bus.on('branch', ({ id: _id, parent: _parent, ...event }) => events.push(event)));
  return events;
}

describe('A branch on trial', () => {
  test('gets a copy of each request, which shares nothing with the other', async (t) => {
    const stage = await routerOf(t, [held, held]);
    const asked = stage.ask({ nested: { list: [1] } });
    const [main, copy] = [await stage.arrival('a'), await stage.arrival('b')];
    assert.deepEqual([copy.payload, copy['nested']], [main.payload, main['nested']]);
    (copy['nested'] as { list: number[] }).list.push(2);
    stage.comeBack(main);
    assert.deepEqual((await asked)['nested'], { list: [1] });
  });

  test('answers nobody: neither its answer nor its tokens go anywhere', async (t) => {
    const stage = await routerOf(t, [held, [fine]], { stream: true });
    const outcome = stage.watch();
    const main = await stage.arrival('a');
    await stage.advance(0);
    assert.deepEqual([stage.requests('b').length, outcome()], [1, undefined]);
    assert.deepEqual(await stage.flow.rest('tokens'), []);
    stage.comeBack(main, { payload: 'main' });
    await stage.advance(0);
    assert.deepEqual([outcome()?.payload, outcome()?.completion?.route, tried(outcome() ?? {})], ['main', 'main', ['main ok']]);
    assert.deepEqual((await stage.flow.rest('tokens')).map(({ payload }) => payload), ['main', '']);
  });

  test('is not waited for, and goes on when the answer is there', async (t) => {
    const events = branchEvents(t);
    const stage = await routerOf(t, [[fine], held]);
    assert.equal((await stage.ask()).payload, 'Hi there');
    const copy = await stage.arrival('b');
    await stage.advance(100);
    assert.equal((await stage.shown())?.fill, 'green', 'the router is not busy with it');
    stage.comeBack(copy);
    await stage.advance(0);
    const about = { stage: { id: 'stage', name: 'llm-router', type: 'llm-router' }, outcome: 'ok' };
    assert.deepEqual(events, [
      { ...about, branch: 'main', ms: 0, shadow: false },
      { ...about, branch: 'trial', ms: 350, shadow: true },
    ]);
    assert.equal(calls.size, 0);
  });

  test('that fails disturbs nobody, and is told on the bus', async (t) => {
    const events = branchEvents(t);
    const stage = await routerOf(t, [[fine], [fails('server')]]);
    assert.equal((await stage.ask()).payload, 'Hi there');
    await stage.advance(0);
    const told = new Map(events.map(({ branch, ...event }) => [branch, event]));
    const about = { stage: { id: 'stage', name: 'llm-router', type: 'llm-router' }, ms: 0 };
    assert.deepEqual(told.get('main'), { ...about, outcome: 'ok', shadow: false });
    assert.deepEqual(told.get('trial'), { ...about, outcome: 'failed', error: 'server', shadow: true });
    assert.deepEqual(await stage.shown(), { fill: 'green', shape: 'dot', text: 'main 0 ms' });
  });

  test('that is not wired disturbs nobody', async (t) => {
    const events = branchEvents(t);
    const stage = await routerOf(t, [[fine]]);
    assert.equal((await stage.ask()).payload, 'Hi there');
    assert.deepEqual(events.map(({ branch, error }) => [branch, error])[0], ['trial', 'misconfigured']);
  });

  test('whose rule fails disturbs nobody', async (t) => {
    const branches = [{ name: 'main', rule: { operator: 'else' } }, { ...trial, rule: { operator: 'jsonata_exp', value: '$error("no")' } }];
    const stage = await routerOf(t, [[fine], [fine]], { mode: 'rules', branches });
    assert.equal((await stage.ask()).payload, 'Hi there');
    assert.equal(stage.requests('b').length, 0);
  });

  test('has its own time, and not that of the request', async (t) => {
    const events = branchEvents(t);
    const stage = await routerOf(t, [[fine], held], { timeoutMs: 500 });
    await stage.ask({ llm: { timeoutMs: 100 } });
    await stage.advance(499);
    assert.equal(events.length, 1);
    await stage.advance(1);
    assert.deepEqual([events[1]?.error, events[1]?.ms, events[1]?.shadow], ['timeout', 500, true]);
  });

  test('has its own time, and not that of a stage above', async (t) => {
    const events = branchEvents(t);
    const more = [
      { id: 'router', type: 'llm-router', timeoutMs: 500, branches: [{ percent: 100 }, trial], wires: [[], ['main'], ['trial']] },
      { ...scriptedNode, id: 'main', scripts: [fine], wires: [] },
      { ...scriptedNode, id: 'trial', scripts: [hangs()], wires: [] },
    ];
    const stage = await StageFlow.start(t, { type: 'llm-fallback', branches: [{ timeoutMs: 100 }] }, ['router'], { more });
    await stage.ask();
    await stage.advance(500);
    assert.deepEqual(events.filter(({ shadow }) => shadow).map(({ error, ms }) => [error, ms]), [['timeout', 500]]);
  });

  test('gets copies even of requests that fail', async (t) => {
    const stage = await routerOf(t, [[fails('server')], [fine]]);
    assert.deepEqual(tried(await stage.ask()), ['main server']);
    assert.equal(stage.requests('b').length, 1);
  });

  test('is no branch to go on to', async (t) => {
    const branches = [{ name: 'main', percent: 100, onFailure: 'next' }, trial];
    const stage = await routerOf(t, [[fails('server')], [fine]], { branches });
    assert.deepEqual(tried(await stage.ask()), ['main server']);
  });

  test('gets so many copies as its percentage says', async (t) => {
    for (const [percent, random, copies] of [[30, 0.299, 1], [30, 0.3, 0], [100, 0.999, 1], [0, 0, 0]] as const) {
      await t.test(`${percent} % at ${random}`, async (t) => {
        const stage = await routerOf(t, [[fine], [fine]], { branches: [{ percent: 100 }, { ...trial, percent }] });
        t.mock.method(Math, 'random', () => random);
        await stage.ask();
        assert.equal(stage.requests('b').length, copies);
      });
    }
  });

  test('by a rule gets copies of the requests that fit', async (t) => {
    const branches = [{ ...trial, rule: { operator: 'cont', value: 'new' } }, { name: 'main', rule: { operator: 'else' } }, { ...trial, name: 'other', rule: { operator: 'else' } }];
    const stage = await routerOf(t, [[fine], [fine], [fine]], { mode: 'rules', branches });
    for (const payload of ['something new', 'something old']) assert.equal((await stage.ask({ payload })).completion?.route, 'main');
    assert.deepEqual(['a', 'b', 'c'].map((id) => stage.requests(id).length), [1, 2, 2]);
  });

  test('is cancelled by a deploy of its router, which does not wait for it', async (t) => {
    const events = branchEvents(t);
    const reasons: unknown[] = [];
    const listening: Script = (context, request) => {
      context.signal.addEventListener('abort', () => reasons.push((context.signal.reason as Error).message));
      return hangs()(context, request);
    };
    const stage = await StageFlow.start(t, { type: 'llm-router', branches: [{ percent: 100 }, trial] }, [[fine], [listening]], { settings: { llm: { drainMs: 10_000 } } });
    await stage.ask();
    await stage.advance(0);
    const before = stage.time.now;
    await stage.flow.deploy(stage.nodes.map((node) => (node.id === 'stage' ? { ...node, timeoutMs: 1000 } : node)));
    await stage.advance(0);
    assert.deepEqual([reasons, stage.time.now - before], [['The node closes.'], 0]);
    assert.deepEqual(events.map(({ branch, outcome, shadow }) => [branch, outcome, shadow]), [['A', 'ok', false], ['trial', 'cancelled', true]]);
    assert.equal(calls.size, 0);
  });
});
