/** Alerts over the events and nodes of the test's own. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { EventBus, type LlmEvents } from '../../../nodes/core/events.ts';
import type { FailureKind } from '../../../nodes/core/errors.ts';
import { type Alert, sentenceOf } from '../../../nodes/insight/alerts/alert.ts';
import { readAlerts } from '../../../nodes/insight/alerts/settings.ts';
import { Watcher } from '../../../nodes/insight/alerts/watcher.ts';
import type { LlmNode } from '../../../nodes/runtime/llm-nodes.ts';
import { FakeTime } from '../../support/fake-time.ts';
import { llmNodeOf } from '../../support/llm-node.ts';

const a = { id: 'a', name: 'A', type: 'llm-openai' };
const b = { id: 'b', name: 'B', type: 'llm-openai' };
const minute = 60_000;

function nodeOf(node: Partial<LlmNode>): LlmNode {
  return llmNodeOf({ identity: a, ...node });
}

/** One rule, with what it has said. */
function watch(t: TestContext, rule: object, nodes: readonly LlmNode[] = [nodeOf({}), nodeOf({ identity: b })]) {
  const time = new FakeTime(t);
  const bus = new EventBus();
  const alerts: Alert[] = [];
  const watcher = new Watcher(readAlerts([rule]), { bus, nodes: () => nodes }, (alert) => alerts.push(alert));
  t.after(() => watcher.close());
  const about = (backend: typeof a) => ({ requestId: 'r', backend, provider: 'openai', model: 'm', operation: 'chat' }) as const;
  const ends = {
    ok: (totalMs: number, backend = a, facts: Partial<LlmEvents['completion']> = {}) =>
      bus.emit('completion', { ...about(backend), requestedModel: 'm', finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 1, estimated: false }, timing: { queuedMs: 0, firstTokenMs: totalMs / 10, totalMs }, attempts: 1, ...facts }),
    failed: (error: FailureKind, backend = a, facts: Partial<LlmEvents['failure']> = {}) => bus.emit('failure', { ...about(backend), error, attempts: 1, queuedMs: 0, ms: 1, ...facts }),
    cost: (usd: number) => bus.emit('attempt', { ...about(a), requestedModel: 'm', number: 1, outcome: 'ok', ms: 1, cost: { usd, inputUsd: 0, outputUsd: usd } }),
  };
  /** Lets so much time pass, with something that happens every ten seconds. */
  const go = async (ms: number, happen: () => void = () => undefined) => {
    for (let gone = 0; gone < ms; gone += 10_000) {
      happen();
      await time.advance(10_000);
    }
  };
  const states = () => alerts.map(({ state, node }) => (node ? `${node.name} ${state}` : state));
  return { time, bus, watcher, alerts, states, go, ...ends };
}

describe('Slow answers', () => {
  test('fire once and are over once', async (t) => {
    const { go, ok, states, alerts, watcher } = watch(t, { name: 'Slow', measure: 'latency', above: 2, minutes: 5 });
    await go(10 * minute, () => ok(1000));
    await go(4 * minute, () => ok(3000));
    assert.deepEqual(states(), []);
    await go(10 * minute, () => ok(3000));
    assert.deepEqual([states(), watcher.firing], [['fired'], 1]);
    await go(20 * minute, () => ok(1000));
    assert.deepEqual([states(), watcher.firing], [['fired', 'resolved'], 0]);
    const [fired] = alerts;
    assert.deepEqual({ ...fired, time: '', value: Math.round(fired?.value ?? 0) }, { state: 'fired', name: 'Slow', measure: 'latency', value: 3, threshold: 2, unit: 's', minutes: 5, time: '' });
    assert.match(sentenceOf(alerts[0] as Alert), /^The 95th percentile of the latency is 3(\.\d+)? s, above 2 s\.$/);
    assert.match(sentenceOf(alerts[1] as Alert), /is back at 1(\.\d+)? s\.$/);
  });

  test('do not flap where the percentile swings around the bound', async (t) => {
    const { go, ok, states } = watch(t, { measure: 'latency', above: 2, minutes: 1 });
    let number = 0;
    await go(120 * minute, () => ok(number++ % 12 < 6 ? 1900 : 2200));
    assert.deepEqual(states(), ['fired']);
  });

  test('are not over while they are only just as fast as they should be', async (t) => {
    const { go, ok, states } = watch(t, { measure: 'latency', above: 2, minutes: 1 });
    await go(10 * minute, () => ok(2200));
    await go(60 * minute, () => ok(1900));
    assert.deepEqual(states(), ['fired']);
    await go(10 * minute, () => ok(1700));
    assert.deepEqual(states(), ['fired', 'resolved']);
  });

  test('of one in a hundred are none', async (t) => {
    const { go, ok, states } = watch(t, { measure: 'latency', above: 2, minutes: 1 });
    await go(30 * minute, () => {
      for (let count = 0; count < 99; count++) ok(100);
      ok(60_000);
    });
    assert.deepEqual(states(), []);
  });

  test('are told of the backend that is slow, where each is watched', async (t) => {
    const { go, ok, states } = watch(t, { measure: 'latency', scope: 'backends', above: 2, minutes: 1 });
    await go(5 * minute, () => {
      ok(3000, a, { parent: '1' });
      ok(1000, b, { parent: '1' });
    });
    assert.deepEqual(states(), ['A fired']);
  });

  test('of a backend within a stage are not those of the front', async (t) => {
    const { bus, go, ok, states } = watch(t, { measure: 'latency', above: 2, minutes: 1 });
    await go(5 * minute, () => ok(3000, a, { parent: '1' }));
    assert.deepEqual(states(), []);
    await go(5 * minute, () => bus.emit('stageEnd', { id: 's', stage: a, outcome: 'ok', ms: 3000, queuedMs: 0, attempts: 1 }));
    assert.deepEqual(states(), ['fired']);
  });

  test('are told of the first token, too', async (t) => {
    const { go, ok, states } = watch(t, { measure: 'firstToken', above: 0.25, minutes: 1 });
    await go(5 * minute, () => ok(2000));
    assert.deepEqual(states(), []);
    await go(5 * minute, () => ok(3000));
    assert.deepEqual(states(), ['fired']);
  });

  test('are over when nobody asks any more', async (t) => {
    const { go, ok, states, alerts } = watch(t, { measure: 'latency', above: 2, minutes: 1 });
    await go(5 * minute, () => ok(3000));
    await go(5 * minute);
    assert.deepEqual(states(), ['fired', 'resolved']);
    assert.equal(alerts[1]?.value, null);
    assert.match(sentenceOf(alerts[1]), /there are no requests/);
  });

  test('count with those that were too late', async (t) => {
    const { go, failed, states } = watch(t, { measure: 'latency', above: 2, minutes: 1 });
    await go(5 * minute, () => failed('timeout', a, { ms: 60_000 }));
    assert.deepEqual(states(), ['fired']);
  });
});

describe('Failures', () => {
  const rule = { measure: 'failures', above: 20, minutes: 5 };

  test('fire by their share', async (t) => {
    const { go, ok, failed, states } = watch(t, rule);
    const fail = (share: number) => () => {
      for (let count = 0; count < 10; count++) {
        if (count < share) failed('server');
        else ok(1);
      }
    };
    await go(20 * minute, fail(2));
    assert.deepEqual(states(), []);
    await go(20 * minute, fail(3));
    assert.deepEqual(states(), ['fired']);
    await go(20 * minute, fail(1));
    assert.deepEqual(states(), ['fired', 'resolved']);
  });

  test('that are their senders’ own are none', async (t) => {
    const { go, ok, failed, states } = watch(t, rule);
    await go(20 * minute, () => {
      for (const kind of ['invalid_request', 'context_length', 'content_filter', 'cancelled'] as const) failed(kind);
      ok(1);
    });
    assert.deepEqual(states(), []);
  });

  test('fire where only a few ask, but not for one alone', async (t) => {
    const { go, failed, states } = watch(t, rule);
    failed('unavailable');
    await go(30 * minute);
    assert.deepEqual(states(), []);
    for (let count = 0; count < 4; count++) {
      failed('unavailable');
      await go(3 * minute);
    }
    assert.deepEqual(states(), ['fired']);
  });
});

test('A breaker that opens is told at once, and once, however often it is tried', async (t) => {
  const node: { -readonly [Name in keyof LlmNode]: LlmNode[Name] } = nodeOf({ breaker: 'closed' });
  const { bus, go, states, alerts } = watch(t, { measure: 'breaker' }, [node, nodeOf({ identity: b, breaker: 'closed' })]);
  const turn = (state: 'open' | 'half_open' | 'closed') => {
    node.breaker = state;
    bus.emit('breaker', { backend: a, provider: 'openai', state });
  };
  turn('open');
  assert.deepEqual(states(), ['A fired']);
  for (let count = 0; count < 10; count++) {
    await go(30_000);
    turn('half_open');
    turn(count === 5 ? 'closed' : 'open');
    if (count === 5) await go(30_000);
    turn('open');
  }
  assert.deepEqual(states(), ['A fired']);
  turn('closed');
  await go(2 * minute);
  assert.deepEqual(states(), ['A fired', 'A resolved']);
  assert.deepEqual(alerts.map(sentenceOf), ['The breaker of A is open: it failed again and again and is left alone.', 'The breaker of A is closed again.']);
});

test('A server that is down fires, one that nobody asks does not, and one that is removed is over', async (t) => {
  const nodes = [nodeOf({ health: 'down' }), nodeOf({ identity: b, health: 'unknown' })];
  const { go, states } = watch(t, { measure: 'down' }, nodes);
  await go(minute);
  assert.deepEqual(states(), ['A fired']);
  nodes.shift();
  await go(2 * minute);
  assert.deepEqual(states(), ['A fired', 'A resolved']);
});

test('Requests that wait fire by their number at all nodes', async (t) => {
  const { go, states } = watch(t, { measure: 'waiting', above: 4, minutes: 1 }, [nodeOf({ waiting: 3 }), nodeOf({ identity: b, waiting: 2 })]);
  await go(3 * minute);
  assert.deepEqual(states(), ['fired']);
});

test('The cost of the last hour fires as soon as it is too much, and is over when the hour has moved on', async (t) => {
  const { go, cost, states } = watch(t, { measure: 'costHour', above: 1 });
  await go(30 * minute, () => cost(0.003));
  assert.deepEqual(states(), []);
  cost(1);
  await go(minute);
  assert.deepEqual(states(), ['fired']);
  await go(70 * minute);
  assert.deepEqual(states(), ['fired', 'resolved']);
});

test('A day’s cost adds up over the hours', async (t) => {
  const { go, cost, states } = watch(t, { measure: 'costDay', above: 10 });
  await go(23 * 60 * minute, () => cost(0.001));
  assert.deepEqual(states(), []);
  cost(2);
  await go(minute);
  assert.deepEqual(states(), ['fired']);
});

test('A watcher that is closed hears nothing', (t) => {
  const { bus, watcher } = watch(t, { measure: 'latency', scope: 'backends' });
  assert.ok(bus.has('completion'));
  watcher.close();
  for (const name of ['completion', 'failure', 'stageEnd', 'attempt', 'breaker', 'health'] as const) assert.ok(!bus.has(name), name);
});

describe('The rows of alerts', () => {
  test('take what a flow file leaves out from the defaults', () => {
    assert.deepEqual(readAlerts([{}, { measure: 'breaker' }]), [
      { name: 'latency', measure: 'latency', scope: 'front', above: 30, forMs: 300_000 },
      { name: 'breaker', measure: 'breaker', scope: 'front', above: 0, forMs: 0 },
    ]);
    assert.deepEqual(readAlerts(undefined), []);
  });

  for (const bad of ['x', [{ measure: 'x' }], [{ above: -1 }], [{ minutes: 'soon' }], [{ scope: 'all' }], Array.from({ length: 51 }, () => ({}))]) {
    test(`refuse ${JSON.stringify(bad).slice(0, 40)}`, () => assert.throws(() => readAlerts(bad), RangeError));
  }
});
