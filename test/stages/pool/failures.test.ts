import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failureKinds, policyFor } from '../../../nodes/core/errors.ts';
import { bus } from '../../../nodes/core/events.ts';
import { echo, held, StageFlow, scriptedNode, tried } from '../../support/policies.ts';
import { answers, breaks, fails, finish, text } from '../../support/scripted-client.ts';

const fine = answers([text('Hi'), finish]);
const pool = { type: 'llm-pool' };

describe('A member that fails', () => {
  test('is followed by another, and the attempts are listed in order', async (t) => {
    const stage = await StageFlow.start(t, pool, [[fails('server')], [fails('auth')], [fine]]);
    const msg = await stage.ask();
    assert.deepEqual([msg.payload, tried(msg)], ['Hi', ['A server', 'B auth', 'C ok']]);
    assert.deepEqual(msg.completion?.attempts.map(({ backend }) => backend), ['llm-scripted', 'llm-scripted', 'llm-scripted']);
  });

  test('of whatever kind is followed by another, or not', async (t) => {
    for (const kind of failureKinds) {
      await t.test(kind, async (t) => {
        const stage = await StageFlow.start(t, pool, [[fails(kind)], [fine]]);
        const msg = await stage.ask();
        // Nobody has gone away: what was cancelled is the branch, by itself.
        const goesOn = policyFor(kind).nextBranch || kind === 'cancelled';
        assert.deepEqual(tried(msg), goesOn ? [`A ${kind}`, 'B ok'] : [`A ${kind}`]);
        assert.equal(msg.error?.code, goesOn ? undefined : kind);
      });
    }
  });

  test('is not asked twice for one request, nor are more members than the pool allows', async (t) => {
    const all = [[fails('server')], [fails('server')], [fails('overloaded')], [fails('server')]];
    for (const [attempts, expected] of [[3, ['A server', 'B server', 'C overloaded']], [20, ['A server', 'B server', 'C overloaded', 'D server']], [1, ['A server']]] as const) {
      await t.test(`${attempts} attempts`, async (t) => {
        const stage = await StageFlow.start(t, { ...pool, attempts }, all);
        const msg = await stage.ask();
        assert.deepEqual(tried(msg), expected);
        assert.equal(msg.error?.code, expected.at(-1)?.split(' ')[1], 'the last failure is the one that is told');
      });
    }
  });

  test('after a reader has seen a part of its answer is not followed by another', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, stream: true }, [[breaks('overloaded', [text('Once')])], [fine]]);
    const { error } = await stage.ask();
    assert.deepEqual([error?.code, error?.cause.partial], ['overloaded', 'Once']);
    assert.equal(stage.requests('b').length, 0);
  });

  test('because its branch is not wired is not even asked, and is told where all others fail', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, members: [{ name: 'here' }, { name: 'nowhere' }] }, [[fails('server')]]);
    const msg = await stage.ask();
    assert.deepEqual(tried(msg), ['here server']);
    assert.match(msg.error?.message ?? '', /The branch nowhere is not wired\.$/);
    assert.match((await stage.shown())?.text ?? '', /server/);
  });

  test('again and again because of its settings is left out as well', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, breakerFailures: 2 }, [[fails('misconfigured'), fails('misconfigured')], [fine]]);
    for (let count = 0; count < 10; count++) assert.equal((await stage.ask()).payload, 'Hi');
    assert.equal(stage.requests('a').length, 2);
  });

  test('again and again is left out, without a request lost, until it answers a probe', async (t) => {
    const scripts = [fails('server'), fails('server'), fails('server'), fine];
    const stage = await StageFlow.start(t, { ...pool, breakerFailures: 2, breakerOpenMs: 5000 }, [scripts, [fine]]);
    const askAll = async () => {
      for (let count = 0; count < 10; count++) assert.equal((await stage.ask()).payload, 'Hi');
    };
    await askAll();
    assert.equal(stage.requests('a').length, 2);
    assert.match((await stage.shown())?.text ?? '', /· 1 of 2 down$/);
    await stage.advance(4999 - 250);
    await askAll();
    assert.equal(stage.requests('a').length, 2, 'no request before its time');
    await stage.advance(1);
    await askAll();
    assert.equal(stage.requests('a').length, 3, 'one request is the probe, which fails');
    await stage.advance(5000);
    await askAll();
    assert.equal(stage.requests('a').length, 3 + 5, 'the next probe is answered');
    assert.doesNotMatch((await stage.shown())?.text ?? '', /down/);
  });

  test('for its own reasons of a kind that says nothing of its health is not left out', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, breakerFailures: 1 }, [[fails('context_length')], [fine]]);
    for (let count = 0; count < 4; count++) assert.equal((await stage.ask()).payload, 'Hi');
    assert.equal(stage.requests('a').length, 4);
  });
});

describe('A member with a rate limit', () => {
  test('rests for as long as its provider asks, and no member is tripped by it', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, breakerFailures: 1 }, [held, echo]);
    const asked = stage.ask();
    stage.comeBack(await stage.arrival('a'), { statusCode: 429, headers: { 'retry-after': '7' } });
    assert.deepEqual(tried(await asked), ['A rate_limit', 'B ok']);
    await stage.advance(6999);
    for (let count = 0; count < 3; count++) assert.deepEqual(tried(await stage.ask()), ['B ok']);
    await stage.advance(1);
    const again = stage.ask();
    stage.comeBack(await stage.arrival('a'), { payload: 'Rested' });
    assert.equal((await again).payload, 'Rested');
  });

  for (const hours of [2, -2]) {
    test(`rests as long where the clock of the wall is set by ${hours} hours meanwhile`, async (t) => {
      const stage = await StageFlow.start(t, pool, [held, echo]);
      const asked = stage.ask();
      stage.comeBack(await stage.arrival('a'), { statusCode: 429, headers: { 'retry-after': '7' } });
      await asked;
      stage.time.setClock(hours * 3_600_000);
      await stage.advance(6999);
      for (let count = 0; count < 3; count++) assert.deepEqual(tried(await stage.ask()), ['B ok']);
      await stage.advance(1);
      const again = stage.ask();
      stage.comeBack(await stage.arrival('a'), { payload: 'Rested' });
      assert.equal((await again).payload, 'Rested');
    });
  }

  test('is told from one that is overloaded, whose time is its own affair', async (t) => {
    const stage = await StageFlow.start(t, pool, [held, echo]);
    for (let count = 0; count < 2; count++) {
      const asked = stage.ask();
      stage.comeBack(await stage.arrival('a'), { statusCode: 503, headers: { 'retry-after': '60' } });
      assert.deepEqual(tried(await asked), ['A overloaded', 'B ok']);
    }
  });

  test('that says no time is asked again at its turn', async (t) => {
    const stage = await StageFlow.start(t, pool, [[fails('rate_limit')], [fine]]);
    assert.deepEqual(tried(await stage.ask()), ['A rate_limit', 'B ok']);
    assert.deepEqual(tried(await stage.ask()), ['A rate_limit', 'B ok']);
  });

  test('keeps the longer of two pauses', async (t) => {
    const stage = await StageFlow.start(t, pool, [held]);
    const both = [stage.ask(), stage.ask()];
    const [first, second] = [await stage.arrival('a'), await stage.arrival('a')];
    stage.comeBack(first, { statusCode: 429, headers: { 'retry-after': '60' } });
    stage.comeBack(second, { statusCode: 429, headers: { 'retry-after': '5' } });
    await Promise.all(both);
    await stage.advance(59_999);
    assert.equal((await stage.ask()).error?.code, 'unavailable');
  });
});

describe('A member whose node is known to be down', () => {
  test('by its open breaker is skipped', async (t) => {
    const stage = await StageFlow.start(t, pool, ['x', [fine]], { more: [{ ...echo, id: 'x', faultKind: 'server', breakerFailures: 1, wires: [] }] });
    assert.deepEqual(tried(await stage.ask()), ['A server', 'B ok']);
    for (let count = 0; count < 3; count++) assert.deepEqual(tried(await stage.ask()), ['B ok']);
  });

  test('by the health of its server is skipped', async (t) => {
    const down = new Promise<void>((resolve) => t.after(bus.on('health', ({ state }) => state === 'down' && resolve())));
    const more = [
      { id: 'server', type: 'llm-llamacpp-server', url: 'http://127.0.0.1:9', healthIntervalMs: 1000 },
      { id: 'llama', type: 'llm-llamacpp', server: 'server', wires: [] },
    ];
    const stage = await StageFlow.start(t, pool, ['llama', [fine]], { more });
    await down;
    for (let count = 0; count < 3; count++) assert.deepEqual(tried(await stage.ask()), ['B ok']);
    assert.match((await stage.shown())?.text ?? '', /· 1 of 2 down$/);
  });

  test('because it is a stage whose branches are all down is skipped, and one with a branch left is not', async (t) => {
    const more = [
      { id: 'inner', type: 'llm-fallback', branches: [{}, {}], wires: [[], ['x'], ['y']] },
      { ...echo, id: 'x', faultKind: 'server', breakerFailures: 1, wires: [] },
      { ...scriptedNode, id: 'y', breakerFailures: 2, wires: [] },
    ];
    const stage = await StageFlow.start(t, { ...pool, breakerFailures: 0 }, ['inner', [fine]], { more });
    assert.deepEqual(tried(await stage.ask()), ['A / A server', 'A / B server', 'B ok']);
    assert.deepEqual(tried(await stage.ask()), ['A / A circuit_open', 'A / B server', 'B ok']);
    for (let count = 0; count < 3; count++) assert.deepEqual(tried(await stage.ask()), ['B ok']);
  });
});

test('Wires that lead from a stage to another and back fail the request, and nothing else', async (t) => {
  const more = [{ id: 'inner', type: 'llm-fallback', branches: [{}], wires: [[], ['stage']] }];
  const stage = await StageFlow.start(t, pool, ['inner'], { more });
  const { error } = await stage.ask();
  assert.equal(error?.code, 'misconfigured');
  assert.match(error.message, /leads back into its own stage/);
});

describe('A pool whose members are all out', () => {
  test('fails at once, with what to do', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, breakerFailures: 1 }, [[fails('server')], [fails('timeout')]]);
    assert.deepEqual(tried(await stage.ask()), ['A server', 'B timeout']);
    const { error } = await stage.ask();
    assert.deepEqual([error?.code, error?.cause.attempts], ['unavailable', []]);
    assert.match(error?.message ?? '', /No member of the pool can be asked.*look at the nodes in the branches/);
    assert.deepEqual(await stage.shown(), { fill: 'red', shape: 'ring', text: 'llm.kind.unavailable' });
  });

  test('while a request goes from one to the next fails with what the last one said', async (t) => {
    const stage = await StageFlow.start(t, { ...pool, breakerFailures: 1 }, [held, held]);
    const [first, second] = [stage.ask(), stage.ask()];
    const [ofA, ofB] = [await stage.arrival('a'), await stage.arrival('b')];
    stage.comeBack(ofB, { statusCode: 500 });
    const again = await stage.arrival('a');
    stage.comeBack(ofA, { statusCode: 503 });
    const { error } = await first;
    assert.deepEqual([error?.code, error?.cause.attempts?.length], ['overloaded', 1]);
    stage.comeBack(again, { statusCode: 404 });
    assert.deepEqual(tried(await second), ['B server', 'A not_found']);
  });
});
