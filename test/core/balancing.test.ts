import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBalancer } from '../../nodes/core/balancing.ts';
import { strategies } from '../../nodes/core/stage-settings.ts';
import { countsOf, keys, membersOf, only, picks, seeded } from '../support/members.ts';

test('round-robin: each in turn', () => {
  const all = membersOf(1, 9, 0);
  const choose = createBalancer('round-robin', all);
  assert.equal(picks(7, () => choose(all)), 'abcabca');
});

test('round-robin: the next after the last that was taken, whoever is away', () => {
  const all = membersOf(1, 1, 1, 1);
  const choose = createBalancer('round-robin', all);
  const taken = ['abcd', 'cd', 'cd', 'ab', 'acd', 'abcd', 'abc', 'abcd', 'a', 'a', 'abcd'].map((names) => choose(only(all, names)).name);
  assert.equal(taken.join(''), 'acdacdabaab');
});

test('weighted: the heavy one does not take all its turns at once', () => {
  const all = membersOf(5, 1, 1);
  const choose = createBalancer('weighted', all);
  assert.equal(picks(14, () => choose(all)), 'aabacaa'.repeat(2));
});

const weights = fc.array(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0.01, max: 10, noNaN: true })), { minLength: 1, maxLength: 8 });

test('weighted: each gets its share, at every moment', () => {
  fc.assert(
    fc.property(weights, (given) => {
      const all = membersOf(...given);
      const choose = createBalancer('weighted', all);
      const sum = given.reduce((total, weight) => total + weight, 0);
      const counts = new Map<string, number>();
      for (let taken = 1; taken <= 10_000; taken++) {
        const { name } = choose(all);
        counts.set(name, (counts.get(name) ?? 0) + 1);
        for (const member of taken < 100 || taken === 10_000 ? all : []) {
          const ahead = (counts.get(member.name) ?? 0) - (taken * member.weight) / sum;
          // Who goes has at least the average gain, so nobody is ever more than one turn ahead; the others owe it no more than one each.
          assert.ok(ahead < 1 && ahead > -all.length, `${member.name} of ${given.join()} after ${taken}`);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('weighted: who is away loses its turns, and gets no more than its share afterwards', () => {
  const all = membersOf(2, 1, 1);
  const choose = createBalancer('weighted', all);
  assert.equal(picks(4, () => choose(all)), 'abca');
  assert.deepEqual(countsOf(picks(300, () => choose(only(all, 'ab')))), new Map([['a', 200], ['b', 100]]));
  assert.deepEqual(countsOf(picks(400, () => choose(all))), new Map([['a', 200], ['b', 100], ['c', 100]]));
});

for (const strategy of ['weighted', 'least-busy', 'random', 'sticky'] as const) {
  test(`${strategy}: a weight of 0 gets nothing, unless there is nobody else`, () => {
    const all = membersOf(0, 1, 0, 2);
    const choose = createBalancer(strategy, all, seeded(1));
    const taken = (names: string) => [...new Set(keys.slice(0, 400).map((key) => choose(only(all, names), key).name))].sort().join('');
    assert.deepEqual([taken('abcd'), taken('ac'), taken('abcd'), taken('abc')], ['bd', 'ac', 'bd', 'b']);
  });
}

test('least-busy: who has least to do for its weight', () => {
  const all = membersOf(1, 2, 4);
  const choose = createBalancer('least-busy', all);
  for (const [busy, expected] of [[[1, 1, 3], 'b'], [[1, 3, 3], 'c'], [[0, 1, 1], 'a'], [[2, 3, 7], 'b']] as const) {
    for (const [row, member] of all.entries()) member.busy = busy[row] ?? 0;
    assert.equal(choose(all).name, expected, busy.join());
  }
});

test('least-busy: equals take turns', () => {
  const all = membersOf(1, 2, 1, 1);
  const choose = createBalancer('least-busy', all);
  assert.equal(picks(5, () => choose(all)), 'abcda');
  for (const [row, member] of all.entries()) member.busy = [1, 2, 1, 2][row] ?? 0;
  assert.equal(picks(5, () => choose(all)), 'bcabc');
});

const rows = fc.array(
  fc.record({
    weight: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 100, noNaN: true })),
    busy: fc.nat(5),
    latencyMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
    away: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 6 },
);

for (const strategy of strategies) {
  test(`${strategy}: whoever is away, one of those who are there is taken`, () => {
    fc.assert(
      fc.property(rows, fc.integer(), fc.option(fc.string(), { nil: undefined }), (given, seed, key) => {
        const all = given.map((row, at) => ({ name: `member ${at}`, ...row }));
        const choose = createBalancer(strategy, all, seeded(seed));
        for (let request = 0; request < 5; request++) {
          const eligible = all.filter(({ away }) => !away[request]);
          if (eligible.length > 0) assert.ok(eligible.includes(choose(eligible, key)));
        }
      }),
    );
  });
}
