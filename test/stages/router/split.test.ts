import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { LlmMessage } from '../../../nodes/runtime/calls.ts';
import { StickyKey } from '../../../nodes/runtime/sticky-key.ts';
import { Split, type SplitRow } from '../../../nodes/stages/router/choices.ts';
import { chiSquare, countsOf, keys, membersOf, seeded } from '../../support/members.ts';
import { echo, StageFlow, stageOf } from '../../support/policies.ts';

function rowsOf(...percents: number[]): SplitRow[] {
  return percents.map((percent, index) => ({ port: index + 1, name: String.fromCodePoint(97 + index), percent, shadow: false, onFailure: 'fail' }));
}

const messageOf = (user: unknown): LlmMessage & { user: unknown } => ({ _msgid: '', user });

/** Which row a request gets, with these shares. */
function splitOf(percents: number[], { sticky = false, id = 'router' } = {}) {
  const rows = rowsOf(...percents);
  const { RED, node } = stageOf(id);
  const split = new Split(rows, sticky ? new StickyKey(RED, node, 'user', 'msg') : undefined);
  return async (user?: unknown) => (await split.choose(rows, messageOf(user)))?.name ?? '-';
}

/** What chance gives, from here on. */
function chance(t: TestContext, random: () => number): void {
  t.mock.method(Math, 'random', random);
}

async function choices(ask: (user?: unknown) => Promise<string>, users: readonly unknown[]): Promise<string> {
  let names = '';
  for (const user of users) names += await ask(user);
  return names;
}

/** 1 degree of freedom: chance alone goes over this once in a thousand times. */
const chiSquareOfTwo = 10.83;
const nobody = keys.map(() => undefined);

describe('A split', () => {
  test('has its borders exactly where the percentages say', async (t) => {
    for (const [percents, random, expected] of [
      [[80, 20], 0, 'a'],
      [[80, 20], 0.7999999, 'a'],
      [[80, 20], 0.8, 'b'],
      [[80, 20], 1 - 2 ** -53, 'b'],
      [[0, 100], 0, 'b'],
      [[100, 0], 1 - 2 ** -53, 'a'],
      [[50, 0, 50], 0.5, 'c'],
      [[25, 25, 50], 0.25, 'b'],
      [[25, 25, 50], 0.5, 'c'],
      [[99.9, 0.1], 0.9989, 'a'],
      [[99.9, 0.1], 0.9991, 'b'],
    ] as const) {
      chance(t, () => random);
      assert.equal(await splitOf([...percents])(), expected, `${percents.join('/')} at ${random}`);
    }
  });

  test('takes percentages that are rounded, and gives all of the requests to somebody', async (t) => {
    for (const percents of [[33.3, 33.3, 33.3], [33.33, 33.33, 33.33], [14.3, 14.3, 14.3, 14.3, 14.3, 14.3, 14.3], [99.9], [100.1], [0.1, 0.2, 99.7]]) {
      for (const random of [0, 0.5, 1 - 2 ** -53]) {
        chance(t, () => random);
        assert.notEqual(await splitOf(percents)(), '-', percents.join());
      }
    }
  });

  test('of 80 to 20 gives so many of 10,000 requests, as chance has it', async (t) => {
    chance(t, seeded(1));
    const counts = countsOf(await choices(splitOf([80, 20]), nobody));
    assert.ok(chiSquare(counts, membersOf(80, 20)) < chiSquareOfTwo, [...counts].join(' '));
  });

  test('by a key gives each its side for good, and the sides their shares', async () => {
    const ask = splitOf([80, 20], { sticky: true });
    const names = await choices(ask, keys);
    assert.equal(await choices(ask, keys), names);
    assert.equal(await choices(splitOf([80, 20], { sticky: true }), keys), names, 'in another process too');
    assert.ok(chiSquare(countsOf(names), membersOf(80, 20)) < chiSquareOfTwo);
  });

  test('by a key whose shares change moves no more keys than it must', async () => {
    const before = await choices(splitOf([80, 20], { sticky: true }), keys);
    const after = await choices(splitOf([70, 30], { sticky: true }), keys);
    const moved = after.split('').filter((name, at) => name !== before[at]);
    assert.ok(moved.length > 900 && moved.length < 1100 && moved.every((name) => name === 'b'), `${moved.length}`);
  });

  test('by a key in another router shares the keys of one side out again', async () => {
    const ofA = await choices(splitOf([50, 50], { sticky: true }), keys);
    const inner = splitOf([50, 50], { sticky: true, id: 'inner' });
    const counts = countsOf(await choices(inner, keys.filter((_, at) => ofA[at] === 'a')));
    assert.ok(chiSquare(counts, membersOf(50, 50)) < chiSquareOfTwo, [...counts].join(' '));
  });

  test('by a key takes a request without one by chance', async (t) => {
    const ask = splitOf([50, 50], { sticky: true });
    for (const [random, expected] of [[0.1, 'a'], [0.9, 'b']] as const) {
      chance(t, () => random);
      assert.equal(await choices(ask, [undefined, null, '']), expected.repeat(3));
    }
  });

  test('by a key tells keys of all kinds apart', async () => {
    const ask = splitOf([50, 50], { sticky: true });
    for (const user of [7, 0, false, { id: 1 }, ['a']]) assert.equal(await ask(user), await ask(structuredClone(user)));
    const objects = Array.from({ length: 100 }, (_, id) => ({ id }));
    assert.equal(new Set(await choices(ask, objects)).size, 2);
  });
});

describe('A router by shares', () => {
  test('sends the same user the same way, and names the way', async (t) => {
    const branches = [{ name: 'old', percent: 50 }, { name: 'new', percent: '50' }];
    const stage = await StageFlow.start(t, { type: 'llm-router', stickyBy: 'user.id', branches }, [echo, echo]);
    const routeOf = async (id: string) => (await stage.ask({ user: { id } })).completion?.route;
    const first = await Promise.all(keys.slice(0, 20).map(routeOf));
    assert.deepEqual(await Promise.all(keys.slice(0, 20).map(routeOf)), first);
    assert.deepEqual(new Set(first), new Set(['old', 'new']));
  });

  test('asks no branch of no percent', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-router', branches: [{}, { percent: 100 }] }, [echo, echo]);
    for (let count = 0; count < 20; count++) assert.equal((await stage.ask()).completion?.route, 'B');
  });

  test('within a router names both ways, and shares out by itself', async (t) => {
    const halves = [{ percent: 50 }, { percent: 50 }];
    const more = [
      { id: 'inner', type: 'llm-router', stickyBy: 'user', branches: halves, wires: [[], ['echo'], ['echo']] },
      { ...echo, id: 'echo', wires: [] },
    ];
    const stage = await StageFlow.start(t, { type: 'llm-router', stickyBy: 'user', branches: halves }, ['inner', echo], { more });
    const routes = await Promise.all(keys.slice(0, 40).map(async (user) => (await stage.ask({ user })).completion?.route));
    assert.deepEqual(new Set(routes), new Set(['A / A', 'A / B', 'B']));
  });
});
