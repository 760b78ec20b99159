import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBus } from '../../../nodes/core/events.ts';
import { Summary } from '../../../nodes/insight/summary/summary.ts';
import type { LlmNode } from '../../../nodes/runtime/llm-nodes.ts';
import { FakeTime } from '../../support/fake-time.ts';
import { llmNodeOf } from '../../support/llm-node.ts';

const backend = { id: 'a', name: 'A', type: 'llm-openai' };
const stage = { id: 's', name: 'S', type: 'llm-fallback' };
const about = { requestId: 'r', backend, provider: 'openai', model: 'm', operation: 'chat' } as const;
const usage = { inputTokens: 10, outputTokens: 60, estimated: false };

function nodeOf(node: Partial<LlmNode>): LlmNode {
  return llmNodeOf({ identity: backend, ...node });
}

test('A summary counts what its senders saw, and each backend by itself', async (t) => {
  const time = new FakeTime(t);
  const bus = new EventBus();
  const nodes = [
    nodeOf({ busy: 2, waiting: 1, breaker: 'closed', health: 'down' }),
    nodeOf({ identity: { ...backend, id: 'b', name: 'B' }, breaker: 'open' }),
    nodeOf({ identity: stage, busy: 3, waiting: 4 }),
  ];
  const summary = new Summary(bus, () => nodes);
  t.after(() => summary.close());
  // One request that failed over: two attempts, and one answer for who sent it.
  bus.emit('attempt', { ...about, requestedModel: 'm', number: 1, outcome: 'failed', error: 'interrupted', ms: 1, usage, cost: { usd: 1, inputUsd: 0, outputUsd: 1 } });
  bus.emit('failure', { ...about, parent: '1', error: 'interrupted', attempts: 1, queuedMs: 0, ms: 100 });
  bus.emit('attempt', { ...about, requestedModel: 'm', number: 1, outcome: 'ok', ms: 1, usage, cost: { usd: 2, inputUsd: 0, outputUsd: 2 } });
  bus.emit('completion', { ...about, parent: '2', requestedModel: 'm', finishReason: 'stop', usage, timing: { queuedMs: 0, firstTokenMs: 50, totalMs: 200 }, attempts: 1 });
  bus.emit('stageEnd', { id: '1', stage, outcome: 'ok', ms: 400, queuedMs: 0, attempts: 2, timing: { queuedMs: 0, firstTokenMs: 150, totalMs: 400 } });
  bus.emit('stageEnd', { id: '2', stage, outcome: 'failed', error: 'timeout', ms: 9, queuedMs: 0, attempts: 0 });
  bus.emit('stageEnd', { id: '3', stage, outcome: 'cancelled', error: 'cancelled', ms: 9, queuedMs: 0, attempts: 0 });
  await time.advance(60_000);
  const { backends, ...all } = summary.take();
  const about1 = (ms: number | undefined) => Math.abs((ms ?? 0) / 100 - Math.round((ms ?? 0) / 100)) < 0.05;
  assert.ok(about1(all.p50Ms) && about1(all.p95Ms) && all.firstTokenP95Ms !== undefined);
  assert.deepEqual({ ...all, p50Ms: 0, p95Ms: 0, firstTokenP95Ms: 0 }, {
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-01T00:01:00.000Z',
    requests: 3,
    ok: 1,
    failed: 1,
    cancelled: 1,
    failedPercent: 50,
    p50Ms: 0,
    p95Ms: 0,
    firstTokenP95Ms: 0,
    inputTokens: 20,
    outputTokens: 120,
    outputTokensPerSecond: 2,
    costUsd: 3,
    busy: 2,
    waiting: 5,
    down: ['A', 'B'],
  });
  assert.deepEqual(backends.map(({ id, requests, ok, failed, outputTokens }) => [id, requests, ok, failed, outputTokens]), [['a', 2, 1, 1, 120]]);

  await time.advance(60_000);
  const quiet = summary.take();
  assert.deepEqual([quiet.from, quiet.requests, quiet.failedPercent, quiet.p95Ms, quiet.costUsd, quiet.backends], ['2026-01-01T00:01:00.000Z', 0, 0, undefined, 0, []]);
});
