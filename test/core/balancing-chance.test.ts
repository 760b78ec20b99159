/** The strategies that spread requests by chance: random, and sticky by the hash of a key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBalancer } from '../../nodes/core/balancing.ts';
import { chiSquare, chiSquareOfFour, countsOf, keys, membersOf, only, picks, seeded } from '../support/members.ts';

test('random: by weight', () => {
  const all = membersOf(1, 2.5, 4, 0.5);
  const choose = createBalancer('random', all, seeded(1));
  assert.ok(chiSquare(countsOf(picks(10_000, () => choose(all))), all) < chiSquareOfFour);
  const other = only(all, 'bd');
  assert.ok(chiSquare(countsOf(picks(10_000, () => choose(other))), other) < 10.83);
});

test('sticky: the same key has the same member, in every pool of these names', () => {
  const all = membersOf(1, 2, 3);
  const choose = createBalancer('sticky', all);
  const again = createBalancer('sticky', all.toReversed());
  for (const key of keys.slice(0, 100)) {
    const { name } = choose(all, key);
    assert.equal(choose(all, key).name, name);
    assert.equal(again(all.toReversed(), key).name, name);
  }
});

test('sticky: shares follow the weights', () => {
  const all = membersOf(1, 2.5, 4, 0.5);
  const choose = createBalancer('sticky', all);
  assert.ok(chiSquare(countsOf(keys.map((key) => choose(all, key).name).join('')), all) < chiSquareOfFour);
});

test('sticky: a member that leaves moves its own keys alone, and they spread over all others', () => {
  const all = membersOf(1, 1, 1, 1, 1);
  const choose = createBalancer('sticky', all);
  const before = keys.map((key) => choose(all, key).name);
  for (const { name: leaving } of all) {
    const rest = all.filter(({ name }) => name !== leaving);
    const after = keys.map((key) => choose(rest, key).name);
    const moved = after.filter((name, at) => name !== before[at]);
    assert.ok(before.every((name, at) => name === leaving || name === after[at]), 'a key of another one has moved');
    assert.ok(moved.length < (1.3 / all.length) * keys.length);
    assert.ok(chiSquare(countsOf(moved.join('')), rest) < chiSquareOfFour);
  }
});

test('sticky: without a key, each in turn', () => {
  const all = membersOf(1, 1, 1);
  const choose = createBalancer('sticky', all);
  assert.equal(picks(4, () => choose(all)), 'abca');
  assert.equal(picks(4, () => choose(all, '')), 'bcab');
});
