import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FailureKind } from '../../nodes/core/errors.ts';
import { type BranchSetup, StageFlow, scriptedNode, tried } from '../support/policies.ts';
import { answers, fails, finish, type Script, text } from '../support/scripted-client.ts';

const fine = answers([text('Hi'), finish]);

/** A backend with the retries that every backend has by default. */
function patient(...scripts: Script[]): BranchSetup {
  return { ...scriptedNode, retries: 2, retryBaseMs: 500, retryMaxMs: 8000, scripts };
}

const leadsOn = { onFailure: 'next' };

/** Stages that go on to their second branch when the first one fails. */
const stages = {
  pool: { type: 'llm-pool' },
  fallback: { type: 'llm-fallback' },
  router: { type: 'llm-router', branches: [{ name: 'A', percent: 100, ...leadsOn }, { name: 'B', percent: 0, ...leadsOn }] },
};

/** How often A was asked when the stage had its outcome, and what was tried, with all the time that it took. */
async function outcome(stage: StageFlow): Promise<{ kinds: string[]; waited: boolean }> {
  const asked = stage.watch();
  await stage.advance(0);
  const waited = asked() === undefined;
  for (let left = 20; asked() === undefined && left > 0; left--) await stage.advance(2000);
  const msg = asked();
  assert.ok(msg, 'There is an outcome.');
  return { kinds: tried(msg), waited };
}

for (const [name, config] of Object.entries(stages)) {
  describe(`A ${name} with another branch free`, () => {
    for (const kind of ['unavailable', 'overloaded'] satisfies FailureKind[]) {
      test(`goes on at once from ${kind}`, async (t) => {
        const stage = await StageFlow.start(t, config, [patient(fails(kind)), patient(fine)]);
        assert.deepEqual(await outcome(stage), { kinds: [`A ${kind}`, 'B ok'], waited: false });
      });
    }

    test('retries what another try may mend', async (t) => {
      const stage = await StageFlow.start(t, config, [patient(fails('server')), patient(fine)]);
      assert.deepEqual(await outcome(stage), { kinds: ['A server', 'A server', 'A server', 'B ok'], waited: true });
    });

    test('retries in the last one', async (t) => {
      const stage = await StageFlow.start(t, config, [patient(fails('unavailable')), patient(fails('unavailable'), fine)]);
      assert.deepEqual(await outcome(stage), { kinds: ['A unavailable', 'B unavailable', 'B ok'], waited: true });
    });
  });

  test(`A ${name} whose other branch rests after failures retries in the one that it has`, async (t) => {
    const tripped = { ...scriptedNode, breakerFailures: 1, breakerOpenMs: 3_600_000, scripts: [fails('server')] };
    const stage = await StageFlow.start(t, config, [patient(fails('unavailable'), fine), tripped]);
    stage.flow.send('b', { payload: 'Once' });
    await stage.advance(0);
    const { kinds, waited } = await outcome(stage);
    assert.deepEqual([kinds.slice(0, 2), waited], [['A unavailable', 'A ok'], true]);
  });
}

test('A fallback whose row does not let a kind pass retries it', async (t) => {
  const stage = await StageFlow.start(t, { type: 'llm-fallback', branches: [{ on: ['server'] }, {}] }, [patient(fails('unavailable'), fine), patient(fine)]);
  assert.deepEqual((await outcome(stage)).kinds, ['A unavailable', 'A ok']);
});

test('A router whose row does not lead on retries', async (t) => {
  const branches = [{ name: 'A', percent: 100 }, { name: 'B', percent: 0 }];
  const stage = await StageFlow.start(t, { type: 'llm-router', branches }, [patient(fails('unavailable'), fine), patient(fine)]);
  assert.deepEqual((await outcome(stage)).kinds, ['A unavailable', 'A ok']);
});

test('A pool whose other member is full retries in the one that it has', async (t) => {
  const config = { type: 'llm-pool', strategy: 'round-robin', members: [{ name: 'A' }, { name: 'B', maxConcurrent: 1 }] };
  const stage = await StageFlow.start(t, config, [patient(fine, fails('unavailable'), fine), { type: 'helper' }]);
  assert.deepEqual((await outcome(stage)).kinds, ['A ok']);
  stage.watch();
  await stage.arrival('b');
  assert.deepEqual(await outcome(stage), { kinds: ['A unavailable', 'A ok'], waited: true });
});

test('A pool that may try no further member retries in the one that it has', async (t) => {
  const stage = await StageFlow.start(t, { type: 'llm-pool', attempts: 1 }, [patient(fails('unavailable'), fine), patient(fine)]);
  assert.deepEqual((await outcome(stage)).kinds, ['A unavailable', 'A ok']);
});

describe('A pool in a fallback', () => {
  const inner = { type: 'llm-pool', members: [{ name: 'one' }, { name: 'two' }], wires: [[], ['one'], ['two']] };
  const start = (t: Parameters<typeof StageFlow.start>[0], on: FailureKind[] | undefined, last: BranchSetup) =>
    StageFlow.start(t, { type: 'llm-fallback', branches: [on ? { on } : {}, {}] }, [inner, last], {
      more: [
        { id: 'one', wires: [], ...(patient(fails('unavailable')) as { type: string }) },
        { id: 'two', wires: [], ...(patient(fails('overloaded')) as { type: string }) },
      ],
    });

  test('leads on from its last member, for the fallback has another branch', async (t) => {
    const stage = await start(t, undefined, patient(fine));
    assert.deepEqual(await outcome(stage), { kinds: ['A / one unavailable', 'A / two overloaded', 'B ok'], waited: false });
  });

  test('retries in its last member where the fallback goes nowhere from that', async (t) => {
    const stage = await start(t, ['server'], patient(fine));
    assert.deepEqual((await outcome(stage)).kinds, ['A / one unavailable', ...Array<string>(3).fill('A / two overloaded')]);
  });
});

test('A copy on trial has nobody who takes over: it retries', async (t) => {
  const branches = [{ name: 'A', percent: 100, ...leadsOn }, { name: 'B', shadow: true, percent: 100, ...leadsOn }, { name: 'C', ...leadsOn }];
  const stage = await StageFlow.start(t, { type: 'llm-router', branches }, [patient(fine), patient(fails('unavailable')), patient(fine)]);
  assert.deepEqual((await outcome(stage)).kinds, ['A ok']);
  await stage.advance(20_000);
  assert.equal(stage.requests('b').length, 3);
});
