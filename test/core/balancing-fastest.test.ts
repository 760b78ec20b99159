import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBalancer, DecayingLatency } from '../../nodes/core/balancing.ts';
import { FakeTime } from '../support/fake-time.ts';
import { chiSquare, countsOf, membersOf, only, picks, seeded, type TestMember } from '../support/members.ts';

test('fastest: of two that are drawn, the one that will be ready sooner', () => {
  const all = membersOf(1, 1);
  const choose = createBalancer('fastest', all, seeded(1));
  const [a, b] = all as [TestMember, TestMember];
  for (const [latencies, busy, expected] of [[[100, 300], [0, 0], 'a'], [[100, 300], [3, 0], 'b'], [[100, 300], [1, 0], 'a'], [[0, 1], [9, 0], 'a']] as const) {
    [a.latencyMs, b.latencyMs] = latencies;
    [a.busy, b.busy] = busy;
    assert.equal(picks(20, () => choose(all)), expected.repeat(20));
  }
});

test('fastest: the slowest is never drawn alone, and the others share the rest', () => {
  const all = membersOf(1, 1, 1, 1);
  for (const [row, member] of all.entries()) member.latencyMs = [100, 900, 200, 300][row];
  const choose = createBalancer('fastest', all, seeded(1));
  const counts = countsOf(picks(6000, () => choose(all)));
  // Of the six pairs, a is in three, c is the better of two, d of one.
  const expected = all.map((member, row) => ({ ...member, weight: [3, 0, 2, 1][row] ?? 0 })).filter(({ weight }) => weight > 0);
  assert.equal(counts.get('b'), undefined);
  // 2 degrees of freedom, once in a thousand times.
  assert.ok(chiSquare(counts, expected) < 13.82);
});

test('fastest: who is not measured yet goes first, with one request until it has been', () => {
  const all = membersOf(1, 1, 1);
  const [a, b, c] = all as [TestMember, TestMember, TestMember];
  const choose = createBalancer('fastest', all, seeded(1));
  a.latencyMs = 10;
  assert.equal(picks(20, () => choose(all)), 'b'.repeat(20));
  b.busy = 1;
  assert.equal(picks(20, () => choose(all)), 'c'.repeat(20));
  c.busy = 2;
  assert.deepEqual([...countsOf(picks(200, () => choose(all))).keys()].sort(), ['a', 'b']);
  assert.equal(picks(20, () => choose(only(all, 'ab'))), 'a'.repeat(20));
  assert.equal(picks(20, () => choose(only(all, 'bc'))), 'b'.repeat(20));
});

test('fastest: a member that was slow is left alone, and tried again when that is long ago', async (t) => {
  const time = new FakeTime(t);
  const latencies = [new DecayingLatency(), new DecayingLatency()] as const;
  const all = latencies.map((latency, row) => ({
    name: 'ab'.charAt(row),
    weight: 1,
    busy: 0,
    get latencyMs() {
      return latency.ms;
    },
  }));
  const choose = createBalancer('fastest', all);
  latencies[1].record(5000);
  // e⁴ is 54.6: after four time constants 5000 ms have sunk to 92 ms.
  for (let second = 0; second < 39; second++) {
    latencies[0].record(100);
    assert.equal(choose(all).name, 'a', `after ${second} s`);
    await time.advance(1000);
  }
  await time.advance(1000);
  latencies[0].record(100);
  assert.equal(choose(all).name, 'b');
  latencies[1].record(5000);
  assert.equal(choose(all).name, 'a');
});

test('a latency rises at once and falls over time', async (t) => {
  const time = new FakeTime(t);
  const latency = new DecayingLatency();
  const rounded = () => Math.round(latency.ms ?? NaN);
  assert.equal(latency.ms, undefined);
  await time.advance(5000);
  latency.record(100);
  assert.equal(latency.ms, 100);
  latency.record(1000);
  assert.equal(latency.ms, 1000);
  latency.record(100);
  assert.equal(latency.ms, 1000);
  await time.advance(10_000);
  assert.equal(rounded(), Math.round(1000 / Math.E));
  latency.record(100);
  assert.equal(rounded(), Math.round(1000 / Math.E + 100 * (1 - 1 / Math.E)));
  await time.advance(1e6);
  assert.equal(rounded(), 0);
});
