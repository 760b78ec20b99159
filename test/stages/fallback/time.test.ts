import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { stageFields } from '../../../nodes/core/stage-settings.ts';
import { calls } from '../../../nodes/runtime/calls.ts';
import { held, StageFlow, tried } from '../../support/policies.ts';
import { answers, fails, finish, hangs, type Script, text } from '../../support/scripted-client.ts';

const fallback = { type: 'llm-fallback' };
const defaultMs = stageFields.timeoutMs.value;
const fine = answers([text('Hi'), finish]);

describe('The time limit of a row', () => {
  test('ends its attempt, whatever kind of branch it is, and leads on', async (t) => {
    const branches = [{ timeoutMs: 100 }, { timeoutMs: 200 }, {}];
    const stage = await StageFlow.start(t, { ...fallback, branches }, [held, [hangs()], [fine]]);
    const outcome = stage.watch();
    await stage.advance(299);
    assert.equal(outcome(), undefined);
    await stage.advance(1);
    const { completion, payload } = outcome() ?? {};
    assert.deepEqual([payload, completion?.attempts.map(({ error, ms }) => [error, ms])], ['Hi', [['timeout', 100], ['timeout', 200], [undefined, 0]]]);
    assert.equal(completion?.timing.totalMs, 300);
  });

  test('reaches the backend, which ends its request', async (t) => {
    const reasons: unknown[] = [];
    const listening: Script = (context, request) => {
      context.signal.addEventListener('abort', () => reasons.push((context.signal.reason as Error).message));
      return hangs()(context, request);
    };
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ name: 'cloud', timeoutMs: 100 }, {}] }, [[listening], [fine]]);
    const asked = stage.ask();
    await stage.advance(100);
    assert.equal((await asked).payload, 'Hi');
    assert.match(String(reasons), /^The branch cloud gave no answer within 100 ms\./);
    await stage.advance(250);
    assert.notEqual(stage.flow.statuses('a').at(-1)?.fill, 'blue', 'the backend is not busy any more');
  });

  test('that is over makes what comes back later count for nothing', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ timeoutMs: 100 }, {}] }, [held, held]);
    const outcome = stage.watch();
    const late = await stage.arrival('a');
    await stage.advance(100);
    stage.comeBack(late, { payload: 'too late' });
    await stage.advance(0);
    assert.equal(outcome(), undefined);
    stage.comeBack(await stage.arrival('b'), { payload: 'in time' });
    await stage.advance(0);
    assert.deepEqual([outcome()?.payload, calls.size], ['in time', 0]);
  });

  test('ends the fallback where the row does not let that pass, and says what to do', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ timeoutMs: 100, on: ['server'] }, {}] }, [held, [fine]]);
    const asked = stage.ask();
    await stage.advance(100);
    const { error } = await asked;
    assert.equal(error?.code, 'timeout');
    assert.match(error.message, /The branch A gave no answer within 100 ms\. Raise its time limit/);
  });

  test('of 0 is none', async (t) => {
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ timeoutMs: 0 }] }, [held]);
    const outcome = stage.watch();
    await stage.advance(1e9);
    assert.equal(outcome(), undefined);
    assert.equal(stage.time.timers, 0);
  });

  test('is the usual one where the row says nothing', async (t) => {
    const stage = await StageFlow.start(t, fallback, [held]);
    const outcome = stage.watch();
    await stage.advance(defaultMs - 1);
    assert.equal(outcome(), undefined);
    await stage.advance(1);
    assert.equal(outcome()?.error?.code, 'timeout');
  });
});

describe('The time limit of the message', () => {
  test('ends the whole, and no further branch is tried', async (t) => {
    const branches = [{ timeoutMs: 300 }, {}, {}];
    const stage = await StageFlow.start(t, { ...fallback, branches }, [[hangs()], held, [fine]]);
    const outcome = stage.watch({ llm: { timeoutMs: 500 } });
    await stage.advance(499);
    assert.equal(outcome(), undefined);
    await stage.advance(1);
    const msg = outcome();
    assert.equal(msg?.error?.code, 'timeout');
    assert.match(msg.error.message, /No answer within the 500 ms of msg\.llm\.timeoutMs\. Give the request more time\./);
    assert.deepEqual([tried(msg), stage.requests('c').length], [['A timeout', 'B timeout'], 0]);
  });

  test('leaves an answer alone that comes in time', async (t) => {
    const stage = await StageFlow.start(t, fallback, [[fails('server')], held]);
    const outcome = stage.watch({ llm: { timeoutMs: 5000 } });
    const arrived = await stage.arrival('b');
    await stage.advance(4000);
    stage.comeBack(arrived);
    await stage.advance(500);
    assert.equal(outcome()?.completion?.timing.totalMs, 4000);
    assert.equal(stage.time.timers, 0);
  });

  test('holds for a stage within a stage, counted from the first', async (t) => {
    const more = [
      { id: 'inner', type: 'llm-fallback', branches: [{ timeoutMs: 300 }, {}], wires: [[], ['x'], ['x']] },
      { id: 'x', type: 'helper', wires: [] },
    ];
    const stage = await StageFlow.start(t, { ...fallback, branches: [{ timeoutMs: 100 }, {}] }, [held, 'inner'], { more });
    const outcome = stage.watch({ llm: { timeoutMs: 500 } });
    for (const ms of [100, 300]) await stage.advance(ms);
    assert.deepEqual([outcome(), (await stage.flow.rest('x')).length], [undefined, 2]);
    await stage.advance(100);
    assert.equal(outcome()?.error?.code, 'timeout');
  });

  for (const timeoutMs of ['500', 0, -1, NaN, Infinity, 2 ** 31, null, {}]) {
    test(`that is ${inspect(timeoutMs)} is none to the stage`, async (t) => {
      const stage = await StageFlow.start(t, { ...fallback, branches: [{ timeoutMs: 0 }] }, [held]);
      const outcome = stage.watch({ llm: { timeoutMs } });
      await stage.advance(1e6);
      assert.equal(outcome(), undefined);
    });
  }
});
