/** Live figures over the events and nodes of the test's own. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { EventBus, type LlmEvents } from '../../../nodes/core/events.ts';
import { Live } from '../../../nodes/insight/live/live.ts';
import type { LiveFigures } from '../../../nodes/insight/sidebar/api.ts';
import type { LlmNode } from '../../../nodes/runtime/llm-nodes.ts';
import { FakeTime } from '../../support/fake-time.ts';
import { llmNodeOf } from '../../support/llm-node.ts';

const minute = 60_000;
const backend = { id: 'a', name: 'A', type: 'llm-openai' };
const stage = { id: 's', name: 'S', type: 'llm-fallback' };
const usage = { inputTokens: 10, outputTokens: 60, cachedInputTokens: 4, estimated: false };
const about = { requestId: 'r', backend, provider: 'openai', model: 'm', operation: 'chat' } as const;

function nodeOf(node: Partial<LlmNode>): LlmNode {
  return llmNodeOf({ identity: backend, breaker: 'closed', ...node });
}

const stageNode = llmNodeOf({ identity: stage, kind: 'stage', branches: [{ name: 'x', refusal: 'circuit_open' }, { name: 'y', refusal: undefined, member: { busy: 1, isDrained: false, sharePercent: 50 } }] });

function liveOf(t: TestContext, nodes: LlmNode[] = [nodeOf({})]) {
  const time = new FakeTime(t);
  const bus = new EventBus();
  const live = new Live(bus, () => nodes);
  t.after(() => live.close());
  return {
    time,
    bus,
    live,
    answered: (totalMs: number, facts: Partial<LlmEvents['completion']> = {}) =>
      bus.emit('completion', { ...about, requestedModel: 'm', finishReason: 'stop', usage, timing: { queuedMs: 0, firstTokenMs: totalMs / 10, totalMs }, attempts: 1, ...facts }),
    failed: (error: LlmEvents['failure']['error'] = 'server', facts: Partial<LlmEvents['failure']> = {}) => bus.emit('failure', { ...about, error, attempts: 1, queuedMs: 0, ms: 1, ...facts }),
    attempt: (ms: number, facts: Partial<LlmEvents['attempt']> = {}) => bus.emit('attempt', { ...about, requestedModel: 'm', number: 1, outcome: 'ok', ms, usage, cost: { usd: 0.5, inputUsd: 0, outputUsd: 0.5 }, ...facts }),
    ofNode: (id = 'a') => live.facts().nodes.find(({ node }) => node.id === id) as LiveFigures,
  };
}

describe('Live figures', () => {
  test('are of requests where they began, and of each node by itself', (t) => {
    const { answered, failed, bus, live, ofNode } = liveOf(t, [nodeOf({}), stageNode]);
    failed('overloaded', { parent: '1' });
    answered(200, { parent: '2' });
    bus.emit('stageEnd', { id: '1', stage, outcome: 'ok', ms: 400, queuedMs: 0, attempts: 2, timing: { queuedMs: 0, firstTokenMs: 150, totalMs: 400 }, usage });
    const { all } = live.facts();
    assert.deepEqual([all.today.requests, all.today.failed, all.failedPercent, all.p50Ms, all.p95Ms, all.firstTokenP50Ms, all.firstTokenP95Ms], [1, 0, 0, 400, 400, 150, 150]);
    const own = ofNode();
    assert.deepEqual([own.today.requests, own.today.failed, own.failedPercent, own.p50Ms, own.firstTokenP50Ms], [2, 1, 50, 200, 20]);
    assert.deepEqual([ofNode('s').today.requests, ofNode('s').today.outputTokens, ofNode('s').p95Ms], [1, 60, 400]);
  });

  test('have a step for every five seconds of the last five minutes, once something has come', async (t) => {
    const { time, answered, failed, live } = liveOf(t);
    assert.deepEqual(live.facts().all.series, []);
    answered(100);
    await time.advance(5_000);
    answered(300);
    failed();
    const { series } = live.facts().all;
    assert.deepEqual([live.facts().stepMs, series.length], [5_000, 60]);
    assert.deepEqual(series.slice(57), [{ requests: 0, failed: 0 }, { requests: 1, failed: 0, p50Ms: 100, p95Ms: 100, firstTokenP50Ms: 10 }, { requests: 2, failed: 1, p50Ms: 300, p95Ms: 300, firstTokenP50Ms: 30 }]);
    await time.advance(4.5 * minute);
    assert.equal(live.facts().all.p95Ms, 300);
    await time.advance(1 * minute);
    const later = live.facts().all;
    assert.deepEqual([later.series, later.p95Ms, later.failedPercent, later.today.requests], [[], undefined, 0, 3]);
  });

  test('do not count who went away as failed', (t) => {
    const { failed, live } = liveOf(t);
    failed('cancelled');
    failed();
    assert.deepEqual([live.facts().all.failedPercent, live.facts().all.today], [100, { requests: 2, failed: 1, inputTokens: 0, outputTokens: 0, cachedTokens: 0, costUsd: 0 }]);
  });

  test('tell tokens a second by the time in which they came', async (t) => {
    const { time, attempt, live } = liveOf(t);
    const perSecond = () => Math.round(live.facts().all.outputTokensPerSecond * 10) / 10;
    await time.advance(30_000);
    // Sixty within half a minute are two a second.
    attempt(30_000);
    assert.ok(Math.abs(perSecond() - 2) < 0.2, `${perSecond()}`);
    await time.advance(12_000);
    assert.equal(perSecond(), 0);
    for (let second = 0; second < 20; second++) {
      attempt(100);
      await time.advance(1_000);
    }
    assert.equal(perSecond(), 60);
  });

  test('tell tokens a second of answers that are on their way, where somebody looks', async (t) => {
    const node = Object.assign(nodeOf({}), { written: 1_000 });
    const { time, live, ofNode } = liveOf(t, [node]);
    assert.equal(ofNode().outputTokensPerSecond, 0);
    for (let look = 0; look < 30; look++) {
      await time.advance(500);
      node.written += 20;
      assert.equal(ofNode().outputTokensPerSecond, 40);
    }
    assert.equal(live.facts().all.outputTokensPerSecond, 40);
    await time.advance(10_000);
    assert.equal(ofNode().outputTokensPerSecond, 0);
    await time.advance(60_000);
    assert.equal(ofNode().outputTokensPerSecond, 0);
    // Deployed anew.
    node.written = 10;
    await time.advance(1_000);
    assert.equal(ofNode().outputTokensPerSecond, 0);
  });

  test('tell requests a second', async (t) => {
    const { time, answered, live } = liveOf(t);
    for (let step = 0; step < 66; step++) {
      answered(1);
      await time.advance(250);
    }
    // Also in the middle of a second.
    assert.equal(live.facts().all.requestsPerSecond, 4);
  });

  test('count tokens and cost of today, and begin anew at midnight', async (t) => {
    const { time, attempt, answered, live, ofNode } = liveOf(t);
    const date = new Date(time.now);
    const midnight = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
    const started = new Date(time.now).toISOString();
    attempt(1);
    attempt(1, { outcome: 'failed' });
    answered(1);
    await time.advance(midnight - time.now - 1);
    const today = { requests: 1, failed: 0, inputTokens: 20, outputTokens: 120, cachedTokens: 8, costUsd: 1 };
    assert.deepEqual([live.facts().since, live.facts().all.today, ofNode().today], [started, today, today]);
    await time.advance(1);
    attempt(1);
    const first = { requests: 0, failed: 0, inputTokens: 10, outputTokens: 60, cachedTokens: 4, costUsd: 0.5 };
    assert.deepEqual([live.facts().since, live.facts().all.today, ofNode().today], [new Date(midnight).toISOString(), first, first]);
  });

  test('are dropped with a node that is gone, not with one that is being deployed; those of all stay', async (t) => {
    const nodes = [nodeOf({})];
    const { time, answered, live, ofNode } = liveOf(t, nodes);
    answered(1);
    nodes.pop();
    assert.deepEqual(live.facts().nodes, []);
    await time.advance(5_000);
    nodes.push(nodeOf({}));
    assert.equal(ofNode().today.requests, 1);
    nodes.pop();
    live.facts();
    await time.advance(6 * minute);
    live.facts();
    nodes.push(nodeOf({}));
    assert.deepEqual([ofNode().today.requests, live.facts().all.today.requests], [0, 1]);
  });

  test('show how each node is', (t) => {
    const { live } = liveOf(t, [nodeOf({ busy: 2, waiting: 1, breaker: 'half_open', isTripped: false }), stageNode]);
    const [a, s] = live.facts().nodes;
    assert.deepEqual([a?.node, a?.kind, a?.state, a?.busy, a?.waiting, a?.breaker, a?.isTripped], [backend, 'backend', 'degraded', 2, 1, 'half_open', false]);
    assert.deepEqual([s?.kind, s?.state, s?.branches], ['stage', 'degraded', [{ name: 'x', refusal: 'circuit_open' }, { name: 'y', member: { busy: 1, isDrained: false, sharePercent: 50 } }]]);
  });

  test('end with their listeners', (t) => {
    const { live, bus } = liveOf(t);
    live.close();
    assert.ok((['completion', 'failure', 'attempt', 'stageEnd'] as const).every((name) => !bus.has(name)));
  });
});
