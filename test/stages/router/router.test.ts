import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failureKinds, policyFor } from '../../../nodes/core/errors.ts';
import { echo, held, misconfigured, StageFlow, tried } from '../../support/policies.ts';
import { answers, breaks, fails, finish, hangs, text } from '../../support/scripted-client.ts';

const router = { type: 'llm-router' };
const fine = answers([text('Hi'), finish]);
const all = { percent: 100 };
const next = { onFailure: 'next' };

describe('A branch that fails', () => {
  test('fails the request, by default and where its row says so', async (t) => {
    for (const onFailure of [undefined, '', 'fail']) {
      await t.test(String(onFailure), async (t) => {
        const stage = await StageFlow.start(t, { ...router, branches: [{ ...all, onFailure }, {}] }, [[fails('server')], [fine]]);
        const msg = await stage.ask();
        assert.deepEqual([tried(msg), msg.error?.code], [['A server'], 'server']);
      });
    }
  });

  test('leads on to the next row where its own says so, and the route is that of the one who answered', async (t) => {
    const branches = [{ name: 'a', ...all, ...next }, { name: 'b', ...next }, { name: 'c' }];
    const stage = await StageFlow.start(t, { ...router, branches }, [[fails('server')], [fails('auth')], held]);
    const asked = stage.ask();
    stage.comeBack(await stage.arrival('c'));
    const msg = await asked;
    assert.deepEqual([tried(msg), msg.completion?.route], [['a server', 'b auth', 'c ok'], 'c']);
  });

  test('leads on round to the rows above it', async (t) => {
    const stage = await StageFlow.start(t, { ...router, branches: [{}, { ...all, ...next }, next] }, [[fine], [fails('server')], [fails('server')]]);
    assert.deepEqual(tried(await stage.ask()), ['B server', 'C server', 'A ok']);
  });

  test('leads on no further than through all rows once, and no further than a row that does not', async (t) => {
    const failing = [fails('server')];
    for (const [rows, expected] of [[[{ ...all, ...next }, next], ['A server', 'B server']], [[{ ...all, ...next }, {}, {}], ['A server', 'B server']]] as const) {
      await t.test(`${rows.length} rows`, async (t) => {
        const stage = await StageFlow.start(t, { ...router, branches: rows }, rows.map(() => failing));
        assert.deepEqual(tried(await stage.ask()), expected);
      });
    }
  });

  for (const kind of failureKinds.filter((kind) => kind !== 'cancelled')) {
    const { nextBranch } = policyFor(kind);
    test(`by ${kind} ${nextBranch ? 'leads on' : 'does not lead on'}`, async (t) => {
      const stage = await StageFlow.start(t, { ...router, branches: [{ ...all, ...next }, {}] }, [[fails(kind)], [fine]]);
      assert.deepEqual(tried(await stage.ask()), nextBranch ? [`A ${kind}`, 'B ok'] : [`A ${kind}`]);
    });
  }

  test('leads on from a rule to the next row, whatever that one has for a rule', async (t) => {
    const branches = [{ ...next, rule: { operator: 'nempty' } }, { rule: { operator: 'eq', value: 'something else' } }];
    const stage = await StageFlow.start(t, { ...router, mode: 'rules', branches }, [[fails('server')], [fine]]);
    assert.deepEqual(tried(await stage.ask()), ['A server', 'B ok']);
  });

  test('after a reader has seen a part of its answer does not lead on', async (t) => {
    const stage = await StageFlow.start(t, { ...router, stream: true, branches: [{ ...all, ...next }, {}] }, [[breaks('server', [text('Once')])], [fine]]);
    const msg = await stage.ask();
    assert.deepEqual([tried(msg), msg.error?.cause.partial], [['A server'], 'Once']);
  });

  test('by its time leads on, but not when the time of the request is over', async (t) => {
    const stage = await StageFlow.start(t, { ...router, timeoutMs: 300, branches: [{ ...all, ...next }, next, {}] }, [[hangs()], [hangs()], [fine]]);
    const patient = stage.watch();
    const hurried = stage.watch({ llm: { timeoutMs: 500 } });
    for (const ms of [300, 200]) await stage.advance(ms);
    assert.deepEqual(tried(hurried() ?? {}), ['A timeout', 'B timeout']);
    await stage.advance(100);
    assert.deepEqual(tried(patient() ?? {}), ['A timeout', 'B timeout', 'C ok']);
  });
});

describe('The route', () => {
  test('of a branch of other nodes is named too, and what a message has for one does not count', async (t) => {
    const stage = await StageFlow.start(t, { ...router, branches: [{ name: 'flow', ...all }] }, [held]);
    const asked = stage.ask({ route: 'mine' });
    stage.comeBack(await stage.arrival('a'));
    const msg = await asked;
    assert.deepEqual([msg.completion?.route, msg['route']], ['flow', 'mine']);
  });

  test('through a pool in between keeps the names of the routers', async (t) => {
    const more = [
      { id: 'pool', type: 'llm-pool', members: [{ name: 'one' }], wires: [[], ['inner']] },
      { id: 'inner', type: 'llm-router', branches: [{ name: 'b', ...all }], wires: [[], ['echo']] },
      { ...echo, id: 'echo', wires: [] },
    ];
    const stage = await StageFlow.start(t, { ...router, branches: [{ name: 'a', ...all }] }, ['pool'], { more });
    const msg = await stage.ask();
    assert.deepEqual([msg.completion?.route, tried(msg)], ['a / b', ['a / one / b ok']]);
  });
});

describe('A router in the editor', () => {
  test('shows which way the last request went', async (t) => {
    const stage = await StageFlow.start(t, { ...router, branches: [{ name: 'experiment', ...all }] }, [echo]);
    assert.deepEqual(await stage.shown(), {});
    await stage.ask();
    assert.deepEqual(await stage.shown(), { fill: 'green', shape: 'dot', text: 'experiment 0 ms' });
  });

  test('is yellow where another branch had to answer, and red where none fits', async (t) => {
    const branches = [{ ...next, rule: { operator: 'eq', value: 'x' } }, { rule: { operator: 'eq', value: 'y' } }];
    const stage = await StageFlow.start(t, { ...router, mode: 'rules', branches }, [[fails('server')], [fine]]);
    await stage.ask({ payload: 'x' });
    assert.deepEqual(await stage.shown(), { fill: 'yellow', shape: 'dot', text: 'B 0 ms' });
    await stage.ask({ payload: 'z' });
    assert.deepEqual(await stage.shown(), { fill: 'red', shape: 'ring', text: 'llm.kind.not_found' });
  });
});

describe('A router with settings of its own', () => {
  const many = Array.from({ length: 51 }, () => ({ percent: 1 }));
  const byRules = (rule: unknown) => ({ mode: 'rules', branches: [{ rule }] });
  const wrong: Array<[string, object, RegExp]> = [
    ['without rows', { branches: [] }, /branches must be a list of at least one row\./],
    ['with 51 rows', { branches: many }, /branches must have at most 50 rows\./],
    ['with two rows of one name', { branches: [{ name: 'x', ...all }, { name: 'x' }] }, /Two rows have the name x\./],
    ['whose rows say nothing', { branches: [{}, {}] }, /The percentages add up to 0, not to 100\./],
    ['whose rows are null', { branches: [null] }, /The percentages add up to 0, not to 100\./],
    ['with shares of 90 in all', { branches: [{ percent: 60 }, { percent: 30 }] }, /The percentages add up to 90, not to 100\./],
    ['with shares of 100.2 in all', { branches: [{ percent: 33.4 }, { percent: 33.4 }, { percent: 33.4 }] }, /The percentages add up to 100\.2, not to 100\./],
    ['with branches on trial for its shares', { branches: [{ percent: 50 }, { percent: 50, shadow: true }] }, /The percentages add up to 50, not to 100\./],
    ['with a negative share', { branches: [{ percent: -1 }, { percent: 101 }] }, /percent must be a number from 0 to 100\./],
    ['with a share that is no number', { branches: [{ percent: 'half' }] }, /percent must be a number/],
    ['with a mode that there is not', { mode: 'magic' }, /mode must be one of split, rules\./],
    ['with a way to fail that there is not', { branches: [{ ...all, onFailure: 'ignore' }] }, /onFailure must be one of fail, next\./],
    ['with a time that is none', { timeoutMs: -5 }, /timeoutMs must be a whole number/],
    ['with a key that is no expression', { stickyBy: '(', stickyByType: 'jsonata' }, /stickyBy is no JSONata expression\./],
    ['with an operator that there is not', byRules({ operator: 'head' }), /operator must be one of eq, neq, /],
    ['with a rule that is no expression', byRules({ operator: 'jsonata_exp', value: '(' }), /A rule is no JSONata expression\./],
    ['with a value that is no expression', byRules({ value: '(', valueType: 'jsonata' }), /A rule is no JSONata expression\./],
    ['with a property that is no expression', byRules({ property: '(', propertyType: 'jsonata' }), /A rule is no JSONata expression\./],
  ];
  for (const [what, config, message] of wrong) {
    test(`${what} fails every message with what is wrong, and says that it is not set up`, async (t) => {
      const stage = await StageFlow.start(t, { ...router, branches: [all], ...config }, [echo]);
      for (let count = 0; count < 2; count++) {
        const { error } = await stage.ask();
        assert.equal(error?.code, 'misconfigured');
        assert.match(error.message, message);
        assert.match(error.message, /Open the node and correct it\./);
      }
      assert.deepEqual(await stage.shown(), misconfigured);
    });
  }

  test('by rules asks no row that has no rule', async (t) => {
    for (const rule of [undefined, null, 'else']) {
      await t.test(String(rule), async (t) => {
        const stage = await StageFlow.start(t, { ...router, ...byRules(rule) }, [[fine]]);
        assert.equal((await stage.ask()).error?.code, 'not_found');
      });
    }
  });
});
