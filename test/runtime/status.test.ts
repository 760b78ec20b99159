import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Node, NodeStatus } from 'node-red';
import { failureKinds } from '../../nodes/core/errors.ts';
import { type StageFacts, type StatusFacts, StatusLine, statusOf, statusOfStage } from '../../nodes/runtime/status.ts';
import { FakeTime } from '../support/fake-time.ts';

const idle: StatusFacts = { busy: 0, waiting: 0, tokensPerSecond: 0, breaker: 'closed', health: 'unknown', problem: false };
const answered = { ok: true, timing: { queuedMs: 0, totalMs: 2345, tokensPerSecond: 41.6 } } as const;

describe('The line under a node', () => {
  const cases: Array<[string, Partial<StatusFacts>, NodeStatus]> = [
    ['is empty while nothing has happened', {}, {}],
    ['shows how many run', { busy: 1 }, { fill: 'blue', shape: 'dot', text: '1 busy' }],
    ['shows how many wait', { busy: 3, waiting: 12 }, { fill: 'blue', shape: 'dot', text: '3+12 busy' }],
    ['shows how fast tokens come', { busy: 3, tokensPerSecond: 41.6 }, { fill: 'blue', shape: 'dot', text: '3 busy · 42 tok/s' }],
    ['leaves out the pace where there is no room', { busy: 30, waiting: 100, tokensPerSecond: 1234 }, { fill: 'blue', shape: 'dot', text: '30+100 busy' }],
    ['shows the figures of the last answer', { last: answered }, { fill: 'green', shape: 'dot', text: '2.3 s · 42 tok/s' }],
    ['shows a short time in milliseconds', { last: { ok: true, timing: { queuedMs: 0, totalMs: 999.4 } } }, { fill: 'green', shape: 'dot', text: '999 ms' }],
    ['shows the kind of the last failure', { last: { ok: false, kind: 'auth' } }, { fill: 'red', shape: 'ring', text: 'llm.kind.auth' }],
    ['is empty after a cancel', { last: { ok: false, kind: 'cancelled' } }, {}],
    ['shows that the server is there', { health: 'ready' }, { fill: 'green', shape: 'ring', text: 'llm.status.ready' }],
    ['shows that the server loads', { health: 'loading', last: answered }, { fill: 'yellow', shape: 'ring', text: 'llm.status.loading' }],
    ['shows that the server is down', { health: 'down', last: answered }, { fill: 'red', shape: 'ring', text: 'llm.status.down' }],
    ['shows that the breaker is open', { breaker: 'open', last: { ok: false, kind: 'server' } }, { fill: 'red', shape: 'ring', text: 'llm.status.open' }],
    ['shows work before how the server is', { busy: 1, health: 'loading', breaker: 'half_open' }, { fill: 'blue', shape: 'dot', text: '1 busy' }],
    ['shows wrong settings before everything', { problem: true, busy: 1, health: 'down' }, { fill: 'red', shape: 'ring', text: 'llm.status.misconfigured' }],
  ];
  for (const [what, facts, status] of cases) {
    test(what, () => assert.deepEqual(statusOf({ ...idle, ...facts }), status));
  }

  test('is short, and no text that holds figures is taken for a catalogue key', () => {
    for (const count of [0, 9, 999, 99_999]) {
      for (const totalMs of [1, 59_999, 599_999]) {
        const facts = [
          { ...idle, busy: count + 1, waiting: count, tokensPerSecond: count },
          { ...idle, last: { ok: true, timing: { queuedMs: 0, totalMs, tokensPerSecond: count } } } as const,
        ];
        for (const { text = '' } of facts.map(statusOf)) {
          assert.ok(text.length <= 20, text);
          assert.match(text, /^\d/);
        }
      }
    }
  });

  test('has a key for every kind of failure', () => {
    for (const kind of failureKinds) {
      const { text } = statusOf({ ...idle, last: { ok: false, kind } });
      assert.equal(text, kind === 'cancelled' ? undefined : `llm.kind.${kind}`);
    }
  });
});

describe('The line under a stage', () => {
  const idle: StageFacts = { busy: 0, waiting: 0, note: undefined, problem: false, last: undefined };
  const answered = { ok: true, branch: 'B', totalMs: 62, failedOver: false } as const;
  const note = '1 of 3 down';
  const cases: Array<[string, Partial<StageFacts>, NodeStatus]> = [
    ['is empty while nothing has happened', {}, {}],
    ['shows how many are under way', { busy: 3 }, { fill: 'blue', shape: 'dot', text: '3 busy' }],
    ['shows how many wait', { busy: 3, waiting: 12 }, { fill: 'blue', shape: 'dot', text: '3+12 busy' }],
    ['shows that some wait though none is under way', { waiting: 2 }, { fill: 'blue', shape: 'dot', text: '0+2 busy' }],
    ['shows work with what the policy notes', { busy: 1, note }, { fill: 'blue', shape: 'dot', text: '1 busy · 1 of 3 down' }],
    ['shows which branch answered, and how fast', { last: answered }, { fill: 'green', shape: 'dot', text: 'B 62 ms' }],
    ['shows seconds where it took so long', { last: { ...answered, totalMs: 2345 } }, { fill: 'green', shape: 'dot', text: 'B 2.3 s' }],
    ['is yellow after a failover', { last: { ...answered, failedOver: true } }, { fill: 'yellow', shape: 'dot', text: 'B 62 ms' }],
    ['is yellow with what the policy notes', { last: answered, note }, { fill: 'yellow', shape: 'dot', text: 'B 62 ms · 1 of 3 down' }],
    ['shows what the policy notes before any request', { note }, { fill: 'yellow', shape: 'ring', text: '1 of 3 down' }],
    ['leaves a name of ten letters whole', { last: { ...answered, branch: 'workshop 1' } }, { fill: 'green', shape: 'dot', text: 'workshop 1 62 ms' }],
    ['shortens a longer one', { last: { ...answered, branch: 'workstation' } }, { fill: 'green', shape: 'dot', text: 'workstati… 62 ms' }],
    ['shows the kind of the last failure', { last: { ok: false, kind: 'timeout' }, note }, { fill: 'red', shape: 'ring', text: 'llm.kind.timeout' }],
    ['is empty after a cancel', { last: { ok: false, kind: 'cancelled' } }, {}],
    ['shows wrong settings before everything', { problem: true, busy: 1, note, last: answered }, { fill: 'red', shape: 'ring', text: 'llm.status.misconfigured' }],
  ];
  for (const [what, facts, status] of cases) {
    test(what, () => assert.deepEqual(statusOfStage({ ...idle, ...facts }), status));
  }
});

describe('The updates of a line', () => {
  function lineOf(t: TestContext) {
    const time = new FakeTime(t);
    const facts = { ...idle };
    const shown: Array<string | undefined> = [];
    const node = { status: ({ text }: NodeStatus) => shown.push(text) } as unknown as Node;
    return { time, facts, shown, line: new StatusLine(node, () => statusOf(facts)) };
  }

  test('show the first at once, even an empty one, and then at most four a second, the newest', async (t) => {
    const { time, facts, shown, line } = lineOf(t);
    line.update();
    assert.deepEqual(shown, [undefined]);
    for (let count = 1; count <= 1000; count++) {
      facts.busy = count;
      line.update();
      await time.advance(1);
    }
    assert.deepEqual(shown, [undefined, '250 busy', '500 busy', '750 busy', '1000 busy']);
  });

  test('show the last state after a while, and then leave no timer', async (t) => {
    const { time, facts, shown, line } = lineOf(t);
    line.update();
    facts.busy = 1;
    line.update();
    facts.busy = 0;
    facts.last = { ok: false, kind: 'auth' };
    line.update();
    await time.advance(1000);
    assert.deepEqual(shown, [undefined, 'llm.kind.auth']);
    assert.equal(time.timers, 0);
  });

  test('say nothing twice', async (t) => {
    const { time, shown, line } = lineOf(t);
    for (let count = 0; count < 10; count++) {
      line.update();
      await time.advance(1000);
    }
    assert.deepEqual(shown, [undefined]);
  });

  test('end when the node goes', async (t) => {
    const { time, facts, shown, line } = lineOf(t);
    line.update();
    facts.busy = 1;
    line.update();
    line.close();
    await time.advance(1000);
    assert.deepEqual(shown, [undefined]);
    assert.equal(time.timers, 0);
  });
});
