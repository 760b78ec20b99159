import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { type BranchSetup, held, scriptedNode, StageFlow, tried } from '../../support/policies.ts';
import { fails, hangs } from '../../support/scripted-client.ts';

/** A pool whose members take one request each. */
function poolOf(t: TestContext, config: object, branches: BranchSetup[] = [held]): Promise<StageFlow> {
  return StageFlow.start(t, { type: 'llm-pool', members: branches.map(() => ({ maxConcurrent: 1 })), ...config }, branches);
}

describe('A full pool', () => {
  test('gives no member more than it may have at once', async (t) => {
    const members = [{ maxConcurrent: 2 }, { maxConcurrent: 1 }, {}];
    const stage = await StageFlow.start(t, { type: 'llm-pool', members }, [held, held, held]);
    for (let count = 0; count < 9; count++) void stage.ask();
    const arrived = [await stage.flow.rest('a'), await stage.flow.rest('b'), await stage.flow.rest('c')];
    assert.deepEqual(arrived.map(({ length }) => length), [2, 1, 6]);
  });

  test('lets requests wait, those of a higher priority first, else in the order in which they came', async (t) => {
    const stage = await poolOf(t, {});
    const priorities = [undefined, 0, 2, 1, 2, 'urgent', -1, NaN];
    const asked = priorities.map((priority, place) => stage.ask({ llm: { priority }, place }));
    const order: unknown[] = [];
    for (const _ of priorities) {
      const msg = await stage.arrival('a');
      order.push(msg['place']);
      stage.comeBack(msg);
    }
    assert.deepEqual(order, [0, 2, 4, 3, 1, 5, 7, 6]);
    for (const { error } of await Promise.all(asked)) assert.equal(error, undefined);
  });

  test('gives a place that becomes free to the one who waits, not to one who comes', async (t) => {
    const stage = await poolOf(t, {});
    void stage.ask({ name: 'first' });
    const first = await stage.arrival('a');
    void stage.ask({ name: 'waiting' });
    await stage.advance(1);
    stage.comeBack(first);
    void stage.ask({ name: 'newcomer' });
    assert.equal((await stage.arrival('a'))['name'], 'waiting');
    assert.deepEqual(await stage.flow.rest('a'), []);
  });

  test('tells how long a request has waited, and counts it among the total', async (t) => {
    const stage = await poolOf(t, {});
    const [first, second] = [stage.ask(), stage.ask()];
    const arrived = await stage.arrival('a');
    await stage.advance(300);
    stage.comeBack(arrived);
    assert.deepEqual((await first).completion?.timing, { queuedMs: 0, totalMs: 300 });
    const late = await stage.arrival('a');
    await stage.advance(50);
    stage.comeBack(late);
    assert.deepEqual((await second).completion?.timing, { queuedMs: 300, totalMs: 350 });
  });

  test('sheds who comes when as many wait as may', async (t) => {
    const stage = await poolOf(t, { maxQueued: 2 });
    for (let count = 0; count < 3; count++) void stage.ask();
    const { error } = await stage.ask();
    assert.deepEqual([error?.code, error?.cause.attempts], ['shed', []]);
    assert.match(error?.message ?? '', /All members of the pool are busy and its queue is full\. Raise Most waiting/);
    assert.equal((await stage.flow.rest('a')).length, 1);
  });

  test('lets nobody wait where it is told so', async (t) => {
    const stage = await poolOf(t, { maxQueued: 0 });
    void stage.ask();
    assert.equal((await stage.ask()).error?.code, 'shed');
  });

  test('tells who waits for another member, once one has failed, why the wait has ended', async (t) => {
    for (const [options, llm, kind] of [[{}, { timeoutMs: 100 }, 'timeout'], [{ queueTimeoutMs: 100 }, {}, 'shed']] as const) {
      await t.test(kind, async (t) => {
        const stage = await StageFlow.start(t, { type: 'llm-pool', members: [{}, { maxConcurrent: 1 }], breakerFailures: 0, ...options }, [[fails('server')], held]);
        void stage.ask();
        await stage.arrival('b');
        const waiting = stage.watch({ llm });
        await stage.advance(100);
        assert.equal(waiting()?.error?.code, kind);
      });
    }
  });

  test('sheds who has waited long enough', async (t) => {
    const stage = await poolOf(t, { queueTimeoutMs: 400 });
    void stage.ask();
    const waiting = stage.watch();
    await stage.advance(399);
    assert.equal(waiting(), undefined);
    await stage.advance(1);
    const { error } = waiting() ?? {};
    assert.equal(error?.code, 'shed');
    assert.match(error?.message ?? '', /No member of the pool had a place within 400 ms\. Raise Wait at most/);
    assert.equal((await stage.shown())?.text, '1 busy');
  });

  test('with no limit to the wait lets a request wait', async (t) => {
    const stage = await poolOf(t, { queueTimeoutMs: 0, timeoutMs: 0 });
    void stage.ask();
    const waiting = stage.watch();
    await stage.advance(3_600_000);
    assert.equal(waiting(), undefined);
  });

  test('forgets who waits longer than the message itself allows', async (t) => {
    const stage = await poolOf(t, { maxQueued: 1 });
    void stage.ask();
    const waiting = stage.watch({ llm: { timeoutMs: 100 } });
    await stage.advance(100);
    assert.equal(waiting()?.error?.code, 'timeout');
    const next = stage.watch();
    await stage.advance(0);
    assert.equal(next(), undefined, 'there is room in the queue again');
  });

  test('forgets who waits for a stage that has given up', async (t) => {
    const more = [
      { id: 'inner', type: 'llm-pool', members: [{ maxConcurrent: 1 }], maxQueued: 1, wires: [['answers'], ['x']] },
      { id: 'x', type: 'helper', wires: [] },
      { id: 'answers', type: 'helper', wires: [] },
    ];
    const stage = await StageFlow.start(t, { type: 'llm-fallback', branches: [{ timeoutMs: 100 }] }, ['inner'], { more });
    stage.flow.send('inner', { payload: 'first' });
    const first = await stage.arrival('x');
    const asked = stage.ask();
    await stage.advance(100);
    assert.deepEqual(tried(await asked), ['A timeout']);
    stage.flow.send('inner', { payload: 'next' });
    stage.comeBack(first);
    const next = await stage.arrival('x');
    assert.equal(next.payload, 'next', 'there was room in the queue, and nobody before it');
    stage.comeBack(next);
    assert.deepEqual((await stage.flow.rest('answers')).map(({ payload }) => payload), ['first', 'next']);
  });

  test('turns those who wait away when the member they wait for trips', async (t) => {
    const stage = await poolOf(t, { breakerFailures: 1 }, [held, held]);
    const asked = Array.from({ length: 5 }, () => stage.ask());
    const [ofA, ofB] = [await stage.arrival('a'), await stage.arrival('b')];
    stage.comeBack(ofA, { statusCode: 500 });
    await stage.advance(0);
    assert.deepEqual([await stage.flow.rest('a'), await stage.flow.rest('b')], [[], []], 'there is another to wait for');
    stage.comeBack(ofB, { statusCode: 500 });
    const outcomes = await Promise.all(asked);
    assert.deepEqual(outcomes.map(({ error }) => error?.code), ['server', 'server', 'unavailable', 'unavailable', 'unavailable']);
  });

  test('lets those who wait go to a member whose rest is over, while the others are still full', async (t) => {
    const stage = await poolOf(t, {}, [held, held]);
    const first = stage.watch();
    void stage.ask();
    const [ofA] = [await stage.arrival('a'), await stage.arrival('b')];
    stage.comeBack(ofA, { statusCode: 429, headers: { 'retry-after': '5' } });
    const waiting = stage.watch({ name: 'waiting' });
    await stage.advance(4999);
    assert.deepEqual(await stage.flow.rest('a'), []);
    await stage.advance(1001);
    const arrived = await stage.arrival('a');
    stage.comeBack(arrived, { payload: 'Hello again' });
    await stage.advance(0);
    assert.equal(waiting()?.payload, 'Hello again');
    assert.equal(first(), undefined, 'it has been to A and waits for B on');
  });

  test('lets no newcomer overtake them there', async (t) => {
    const stage = await poolOf(t, { attempts: 1 }, [held, held]);
    for (let count = 0; count < 2; count++) void stage.ask();
    const [ofA] = [await stage.arrival('a'), await stage.arrival('b')];
    stage.comeBack(ofA, { statusCode: 429, headers: { 'retry-after': '5' } });
    await stage.advance(4500);
    void stage.ask({ name: 'waiting' });
    await stage.advance(500);
    void stage.ask({ name: 'newcomer' });
    assert.equal((await stage.arrival('a'))['name'], 'waiting');
    assert.deepEqual(await stage.flow.rest('a'), []);
  });

  test('turns those who wait away when the last member goes down meanwhile, though it still has a request under way', async (t) => {
    const stage = await poolOf(t, {}, [{ ...scriptedNode, breakerFailures: 1, scripts: [hangs(), fails('server')] }]);
    const [running, waiting] = [stage.watch(), stage.watch()];
    await stage.advance(0);
    stage.flow.send('a', { payload: 'Hello' });
    await stage.advance(1000);
    assert.deepEqual([running(), waiting()?.error?.code], [undefined, 'unavailable']);
  });

  test('does nothing more when nobody waits any more', async (t) => {
    const stage = await poolOf(t, { timeoutMs: 0 });
    const asked = [stage.ask(), stage.ask()];
    for (const _ of asked) stage.comeBack(await stage.arrival('a'));
    await Promise.all(asked);
    await stage.advance(2000);
    assert.equal(stage.time.timers, 0);
  });

  test('lets a request that fails wait for another member that is full', async (t) => {
    const stage = await poolOf(t, {}, [held, held]);
    const [first, second] = [stage.ask(), stage.ask()];
    const [ofA, ofB] = [await stage.arrival('a'), await stage.arrival('b')];
    await stage.advance(10);
    stage.comeBack(ofA, { statusCode: 500 });
    await stage.advance(20);
    stage.comeBack(ofB);
    await second;
    stage.comeBack(await stage.arrival('b'));
    const msg = await first;
    assert.deepEqual(tried(msg), ['A server', 'B ok']);
    assert.deepEqual(msg.completion?.timing, { queuedMs: 20, totalMs: 30 });
  });

  test('lets one who waits for another member not hold up those behind', async (t) => {
    const stage = await poolOf(t, {}, [held, held]);
    void stage.ask({ name: 'of A' });
    void stage.ask({ name: 'of B' });
    const [ofA] = [await stage.arrival('a'), await stage.arrival('b')];
    stage.comeBack(ofA, { statusCode: 500 });
    // What has failed at A waits for B, while A is free.
    await stage.advance(0);
    void stage.ask({ name: 'newcomer' });
    assert.equal((await stage.arrival('a'))['name'], 'newcomer');
    assert.deepEqual(await stage.flow.rest('b'), []);
  });
});

describe('The time limit of an attempt', () => {
  test('ends it, and the request goes on to another member', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-pool', timeoutMs: 500 }, [[hangs()], held]);
    const asked = stage.ask();
    await stage.advance(500);
    stage.comeBack(await stage.arrival('b'));
    const msg = await asked;
    assert.deepEqual(tried(msg), ['A timeout', 'B ok']);
    assert.equal(msg.completion?.timing.totalMs, 500);
  });

  test('that the message itself sets ends the request as a whole', async (t) => {
    const stage = await StageFlow.start(t, { type: 'llm-pool' }, [[fails('server')], [hangs()], held]);
    const asked = stage.ask({ llm: { timeoutMs: 500 } });
    await stage.advance(500);
    const { error } = await asked;
    assert.equal(error?.code, 'timeout');
    assert.deepEqual(await stage.flow.rest('c'), []);
    assert.equal(error.cause.attempts?.length, 2);
  });
});
