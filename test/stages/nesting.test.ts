/** Random trees of stages under ten thousand requests each, with faults, callers that hang up, and deploys in between. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { bus } from '../../nodes/core/events.ts';
import { calls } from '../../nodes/runtime/calls.ts';
import { PoolMember } from '../../nodes/stages/pool/members.ts';
import { until } from '../support/asking.ts';
import { Chance, rule, seeds } from '../support/chance.ts';
import { Storm } from '../support/storm.ts';
import { plant } from '../support/trees.ts';

const perTree = 10_000;

/** The timers and sockets that keep the process alive. */
function alive(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name)).sort();
}

/** The members of pools that get requests from now on. */
function watchMembers(t: TestContext): ReadonlySet<PoolMember> {
  const members = new Set<PoolMember>();
  const run = Reflect.get<PoolMember, 'run'>(PoolMember.prototype, 'run');
  PoolMember.prototype.run = function (attempt) {
    members.add(this);
    return run.call(this, attempt) as ReturnType<typeof attempt>;
  };
  t.after(() => (PoolMember.prototype.run = run));
  return members;
}

describe('Ten thousand requests to a random tree of stages have one outcome each, the right one, and leave nothing behind', () => {
  for (const seed of seeds([228], 2)) {
    test(`with SEED=${seed}`, async (t) => {
      const chance = new Chance(seed);
      rule(t, chance.random);
      const members = watchMembers(t);
      const storm = await Storm.start(plant(chance, { depth: 1 + chance.below(4) }), chance);
      t.after(() => storm.end());
      const before = alive();
      await storm.blow(perTree, { deploys: 8 });
      await until(() => calls.size === 0);

      assert.equal([...storm.kinds.values()].reduce((sum, count) => sum + count), perTree);
      for (const member of members) assert.equal(member.busy, 0);
      for (const signal of storm.signals) assert.equal(getEventListeners(signal, 'abort').length, 0);
      storm.calm(t);
      await storm.checkAllAnswer();
      await until(() => alive().length <= before.length);
      assert.deepEqual(alive(), before);
      await storm.end();
      assert.deepEqual([bus.has('breaker'), bus.has('health'), calls.size], [false, false, 0]);
    });
  }
});

test('The same load again and again takes no more memory', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const chance = new Chance(228);
  rule(t, chance.random);
  const heap: number[] = [];
  const storm = await Storm.start(plant(chance, { depth: 3 }), chance);
  t.after(() => storm.end());
  for (let round = 0; round < 10; round++) {
    await storm.blow(400);
    await until(() => calls.size === 0);
    storm.forget();
    collect();
    heap.push(process.memoryUsage().heapUsed);
  }
  t.diagnostic(`In MB: ${heap.map((bytes) => (bytes / 1e6).toFixed(2)).join(' ')}`);
  // The first rounds compile, and fill what is kept for good.
  const [early, late] = [medianOf(heap.slice(2, 5)), medianOf(heap.slice(-3))];
  assert.ok(late < early + 1e6, `The heap has grown from ${early} to ${late} bytes.`);
});

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
