import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Strategy } from '../../../nodes/core/stage-settings.ts';
import { StickyKey } from '../../../nodes/runtime/sticky-key.ts';
import { PoolMember } from '../../../nodes/stages/pool/members.ts';
import { PoolPolicy } from '../../../nodes/stages/pool/policy.ts';
import { countsOf, keys, seeded } from '../../support/members.ts';
import { echo, held, requestOf, StageFlow, stageOf, tried } from '../../support/policies.ts';
import { fails } from '../../support/scripted-client.ts';

/** A pool in no flow, with members a, b, c …; `ask` gives the name of the member that a request gets. */
function poolOf(t: TestContext, strategy: Strategy, weights: number[], id?: string) {
  t.mock.method(Math, 'random', seeded(1));
  const down = new Set<string>();
  const stage = stageOf(id, down);
  const limits = { breakerFailures: 0, breakerOpenMs: 0 };
  const rows = weights.map((weight, index) => ({ port: index + 1, name: String.fromCodePoint(97 + index), weight, maxConcurrent: 0 }));
  const members = rows.map((row) => new PoolMember(row, limits, () => undefined));
  const stickyKey = strategy === 'sticky' ? new StickyKey(stage.RED, stage.node, 'llm.session', 'msg') : undefined;
  const policy = new PoolPolicy(members, { strategy, stickyKey, attempts: 3, timeoutMs: 0, maxQueued: 0, queueTimeoutMs: 0 }, stage);
  const ask = async (session?: string) => {
    const answer = await policy.handle(requestOf({ payload: 'Hello', llm: { session } }, ({ name }) => ({ _msgid: '', payload: name })));
    return String(answer.payload);
  };
  return { down, ask };
}

async function askAll(ask: (key: string) => Promise<string>): Promise<string[]> {
  const names: string[] = [];
  for (const key of keys) names.push(await ask(key));
  return names;
}

describe('A pool', () => {
  test('gives each of three backends exactly a third of 300 requests that come at once', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-pool' }, [echo, echo, echo]);
    const answers = await Promise.all(Array.from({ length: 300 }, () => stage.ask()));
    const counts = countsOf(answers.map(({ completion }) => completion?.backend.id ?? '-').join(''));
    assert.deepEqual(counts, new Map([['a', 100], ['b', 100], ['c', 100]]));
  });

  for (const strategy of ['weighted', 'random', 'sticky'] as const) {
    test(`that is ${strategy} gives each member its weight, within one percent of 10,000 requests`, async (t) => {
      const { ask } = poolOf(t, strategy, [5, 3, 2, 0]);
      const counts = countsOf((await askAll(ask)).join(''));
      for (const [name, share] of Object.entries({ a: 5000, b: 3000, c: 2000, d: 0 })) {
        assert.ok(Math.abs((counts.get(name) ?? 0) - share) <= 100, `${name} got ${counts.get(name)} of ${share}`);
      }
    });
  }

  test('that goes by speed asks the one who answers sooner', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-pool', strategy: 'fastest' }, [held, held]);
    const [slow, fast] = [stage.ask(), stage.ask()];
    const [ofA, ofB] = [await stage.arrival('a'), await stage.arrival('b')];
    await stage.advance(100);
    stage.comeBack(ofB);
    await stage.advance(200);
    stage.comeBack(ofA);
    await Promise.all([slow, fast]);
    for (let count = 0; count < 10; count++) {
      const asked = stage.ask();
      await stage.advance(100);
      stage.comeBack(await stage.arrival('b'));
      await asked;
    }
  });

  test('that goes by speed takes a failure for slow, however fast it came', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-pool', strategy: 'fastest' }, [[fails('auth')], held]);
    for (const expected of [['A auth', 'B ok'], ['B ok'], ['B ok']]) {
      const asked = stage.ask();
      const arrived = await stage.arrival('b');
      await stage.advance(1000);
      stage.comeBack(arrived);
      assert.deepEqual(tried(await asked), expected);
    }
  });

  test('that is sticky sends the same session to the same backend', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-pool', strategy: 'sticky' }, [echo, echo, echo]);
    const ask = async (session: string) => (await stage.ask({ llm: { session } })).completion?.backend.id;
    const sessions = keys.slice(0, 20);
    const first = await Promise.all(sessions.map(ask));
    assert.deepEqual(await Promise.all(sessions.map(ask)), first);
    assert.equal(new Set(first).size, 3, 'not all sessions go to one');
  });

  test('that is sticky goes by what it is told to go by', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-pool', strategy: 'sticky', stickyBy: '$lowercase(user.name)', stickyByType: 'jsonata' }, [echo, echo, echo]);
    for (const name of ['Ada', 'Grace', 'Edsger', 'Barbara']) {
      const [one, other] = await Promise.all([name, name.toUpperCase()].map((spelled) => stage.ask({ user: { name: spelled } })));
      assert.equal(one?.completion?.backend.id, other?.completion?.backend.id);
    }
  });

  test('that is sticky lets requests without a session take turns', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-pool', strategy: 'sticky' }, [echo, echo, echo]);
    const answers = await Promise.all([{}, { llm: null }, { llm: { session: '' } }].map((msg) => stage.ask(msg)));
    assert.deepEqual(answers.map(({ completion }) => completion?.backend.id), ['a', 'b', 'c']);
  });

  test('that is sticky moves no session but those of a member that is down, and takes them back', async (t) => {
    const { ask, down } = poolOf(t, 'sticky', [1, 1, 1, 1]);
    const before = await askAll(ask);
    down.add('b');
    const meanwhile = await askAll(ask);
    for (const [at, name] of before.entries()) {
      if (name === 'b') assert.notEqual(meanwhile[at], 'b');
      else assert.equal(meanwhile[at], name);
    }
    down.clear();
    assert.deepEqual(await askAll(ask), before);
  });

  test('of the same members in another node shares the sessions of one of them out again', async (t) => {
    const [outer, inner] = [poolOf(t, 'sticky', [1, 1]), poolOf(t, 'sticky', [1, 1], 'other')];
    const ofA: string[] = [];
    for (const key of keys) if ((await outer.ask(key)) === 'a') ofA.push(key);
    let both = 0;
    for (const key of ofA) if ((await inner.ask(key)) === 'a') both++;
    assert.ok(Math.abs(both / ofA.length - 0.5) < 0.05, `${both} of ${ofA.length}`);
  });
});
