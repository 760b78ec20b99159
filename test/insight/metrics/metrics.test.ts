/** What the metrics say of requests is what became of them. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { EchoClient } from '../../../nodes/backends/echo/client.ts';
import { Backend } from '../../../nodes/core/backend.ts';
import type { Completion } from '../../../nodes/core/completion.ts';
import { type FailureKind, LlmError } from '../../../nodes/core/errors.ts';
import { bus, EventBus, type LlmEvents } from '../../../nodes/core/events.ts';
import { defaultLimits } from '../../../nodes/core/limits.ts';
import { Metrics } from '../../../nodes/insight/metrics/metrics.ts';
import type { LlmNode } from '../../../nodes/runtime/llm-nodes.ts';
import { rule } from '../../support/chance.ts';
import { settled } from '../../support/fake-time.ts';
import { seeded } from '../../support/members.ts';
import { Samples } from '../../support/prometheus.ts';
import { requestOf } from '../../support/requests.ts';
import { llmNodeOf } from '../../support/llm-node.ts';

const backend = { id: 'b1', name: 'Backend', type: 'llm-openai' };
const stage = { id: 's1', name: 'Pool', type: 'llm-pool' };
const about = { requestId: 'r', backend, provider: 'openai', model: 'small', operation: 'chat' } as const;
const usage = { inputTokens: 10, outputTokens: 5, estimated: false };
const timing = { queuedMs: 0, firstTokenMs: 100, totalMs: 500 };
const nodeOf = (node: Partial<LlmNode> = {}): LlmNode => llmNodeOf({ identity: backend, ...node });

/** Metrics of a bus and of nodes of the test's own. */
function metricsOf(t: TestContext, nodes: readonly LlmNode[] = []) {
  const own = new EventBus();
  const metrics = new Metrics({ bus: own, nodes: () => nodes });
  t.after(() => metrics.close());
  const completion = (facts: Partial<LlmEvents['completion']> = {}) =>
    own.emit('completion', { ...about, requestedModel: 'small', finishReason: 'stop', usage, timing, attempts: 1, ...facts });
  const attempt = (facts: Partial<LlmEvents['attempt']> = {}) => own.emit('attempt', { ...about, requestedModel: 'small', number: 1, outcome: 'ok', ms: 1, ...facts });
  return { bus: own, metrics, completion, attempt, samples: async () => new Samples(await metrics.text()) };
}

/** Retried or not, before the first token or after it. */
const faults: ReadonlyArray<{ kind: FailureKind; percent: number; afterTokens: number }> = [
  { kind: 'overloaded', percent: 30, afterTokens: 0 },
  { kind: 'server', percent: 60, afterTokens: 1 },
  { kind: 'rate_limit', percent: 50, afterTokens: 0 },
  { kind: 'content_filter', percent: 10, afterTokens: 0 },
];
const limits = { ...defaultLimits, retries: 2, retryBaseMs: 0, retryMaxMs: 0, breakerFailures: 4, breakerOpenMs: 1, maxConcurrent: 8, maxQueued: 40 };
const usd = { usd: 0.5, inputUsd: 0.2, outputUsd: 0.3 };

interface Truth {
  oks: Completion[];
  failures: LlmError[];
  breaker: string[];
}

/** Random requests at one backend, in bursts, some of them cancelled: what became of them, as those who asked saw it. */
async function ask(fault: (typeof faults)[number], count: number): Promise<Truth> {
  const truth: Truth = { oks: [], failures: [], breaker: [] };
  const echo = new Backend({
    identity: { id: fault.kind, name: fault.kind, type: 'llm-echo' },
    client: new EchoClient({ model: 'echo', tokensPerSecond: 0, delayMs: 0, fault }),
    limits,
    model: '',
    cost: () => usd,
    onBreaker: (state) => truth.breaker.push(state),
  });
  const asked: Array<Promise<void>> = [];
  for (let number = 0; number < count; number++) {
    const controller = new AbortController();
    const answer = echo.complete(requestOf(`Question ${number}`), { signal: controller.signal });
    asked.push(answer.then((completion) => void truth.oks.push(completion), (failure: LlmError) => void truth.failures.push(failure)));
    if (Math.random() < 0.1) controller.abort(new LlmError('cancelled', 'The caller went away.'));
    if (Math.random() < 0.03) await settled();
  }
  await Promise.all(asked);
  return truth;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

test('Ten thousand random requests are counted as they ended, with their times, tokens and cost', async (t) => {
  const metrics = new Metrics({ bus, nodes: () => [] });
  t.after(() => metrics.close());
  rule(t, seeded(20_260_101));
  const perBackend = 2500;
  for (const fault of faults) {
    const { oks, failures, breaker } = await ask(fault, perBackend);
    const samples = new Samples(await metrics.text());
    const id = { id: fault.kind };
    assert.equal(oks.length + failures.length, perBackend);
    assert.equal(samples.sum('llm_requests_total', id), perBackend);
    assert.equal(samples.sum('llm_requests_total', { ...id, outcome: 'ok', kind: '' }), oks.length);
    const kinds = Object.groupBy(failures, ({ kind }) => kind);
    assert.ok(Object.keys(kinds).length > 2);
    for (const [kind, { length }] of Object.entries(kinds)) assert.equal(samples.sum('llm_requests_total', { ...id, kind }), length, kind);
    assert.equal(samples.sum('llm_shed_total', id), kinds.shed?.length ?? 0);

    assert.equal(samples.sum('llm_request_duration_seconds_count', { ...id, outcome: 'ok' }), oks.length);
    const seconds = sum(oks.map(({ timing: { totalMs } }) => totalMs)) / 1000;
    assert.ok(Math.abs(samples.sum('llm_request_duration_seconds_sum', { ...id, outcome: 'ok' }) - seconds) < 1e-6);
    assert.equal(samples.sum('llm_time_to_first_token_seconds_count', id), oks.length);
    const firstTokens = sum(oks.map(({ timing: { firstTokenMs = NaN } }) => firstTokenMs)) / 1000;
    assert.ok(Math.abs(samples.sum('llm_time_to_first_token_seconds_sum', id) - firstTokens) < 1e-6);

    const tried = [...oks, ...failures.map(({ cause }) => cause)].flatMap(({ attempts }) => attempts ?? []);
    assert.equal(samples.sum('llm_attempts_total', id), tried.length);
    assert.equal(samples.sum('llm_attempts_total', { ...id, outcome: 'ok' }), tried.filter(({ outcome }) => outcome === 'ok').length);
    // A retry that is waited for may be cancelled.
    assert.ok(samples.sum('llm_retries_total', id) >= sum([...oks, ...failures.map(({ cause }) => cause)].map(({ attempts }) => Math.max(0, (attempts?.length ?? 0) - 1))));

    if (fault.afterTokens === 0) {
      assert.equal(samples.sum('llm_output_tokens_total', id), sum(oks.map(({ usage }) => usage.outputTokens)));
      assert.equal(samples.sum('llm_input_tokens_total', id), sum(oks.map(({ usage }) => usage.inputTokens)));
      assert.equal(samples.sum('llm_cost_usd_total', id), oks.length * usd.usd);
    } else {
      const begun = oks.length + (kinds[fault.kind]?.length ?? 0) + (kinds.interrupted?.length ?? 0);
      assert.equal(samples.sum('llm_cost_usd_total', id), begun * usd.usd, 'what broke off is paid for, too');
    }
    for (const state of ['open', 'half_open', 'closed']) {
      assert.equal(samples.sum('llm_breaker_changes_total', { ...id, state }), breaker.filter((came) => came === state).length, state);
    }
    assert.equal(fault.kind === 'overloaded' || fault.kind === 'server', breaker.length > 0);
  }
});

describe('A label', () => {
  test('is no model that a client asks for and a server repeats', async (t) => {
    const { completion, attempt, bus, samples } = metricsOf(t, [nodeOf({ models: ['configured'] })]);
    for (let number = 0; number < 500; number++) {
      completion({ requestedModel: `junk-${number}`, model: `junk-${number}` });
      attempt({ requestedModel: `junk-${number}`, model: `junk-${number}` });
      bus.emit('failure', { ...about, model: `junk-${number}`, error: 'not_found', attempts: 1, queuedMs: 0, ms: 1 });
    }
    completion({ requestedModel: 'configured', model: 'configured' });
    assert.deepEqual((await samples()).values('model'), ['configured', 'other']);
  });

  test('is a model that the server names by itself, up to a bound', async (t) => {
    const { completion, samples } = metricsOf(t);
    completion({ requestedModel: 'gpt-4o', model: 'gpt-4o-2024-08-06' });
    completion({ requestedModel: '', model: 'stories260K' });
    completion({ requestedModel: 'x', model: 'no name\n but text' });
    completion({ requestedModel: '', model: '' });
    assert.deepEqual((await samples()).values('model'), ['', 'gpt-4o-2024-08-06', 'other', 'stories260K']);
    for (let number = 0; number < 500; number++) completion({ requestedModel: 'x', model: `proxied/junk-${number}` });
    assert.equal((await samples()).values('model').length, 102);
  });

  test('is a model that somebody has allowed', async (t) => {
    const { metrics, completion, samples } = metricsOf(t);
    metrics.allowModels(['mistral-7b']);
    completion({ requestedModel: 'mistral-7b', model: 'mistral-7b' });
    assert.deepEqual((await samples()).values('model'), ['mistral-7b']);
  });

  test('may hold what people call their nodes', async (t) => {
    const { completion, samples } = metricsOf(t);
    const name = 'My "fast" one\\\nand only';
    completion({ backend: { ...backend, name } });
    assert.deepEqual((await samples()).values('node'), [name]);
  });
});

describe('The metrics', () => {
  test('tell the time for each token after the first, and who had to wait', async (t) => {
    const { bus, completion, samples } = metricsOf(t);
    completion({ timing: { queuedMs: 50, firstTokenMs: 100, totalMs: 500 } });
    completion({ usage: { ...usage, outputTokens: 1 } });
    completion({ timing: { queuedMs: 0, totalMs: 9 } });
    bus.emit('failure', { ...about, error: 'timeout', attempts: 0, queuedMs: 250, ms: 250 });
    const told = await samples();
    assert.deepEqual([told.sum('llm_time_per_output_token_seconds_count'), told.sum('llm_time_per_output_token_seconds_sum')], [1, 0.1]);
    assert.deepEqual([told.sum('llm_queue_wait_seconds_count'), told.sum('llm_queue_wait_seconds_sum')], [2, 0.3]);
    assert.equal(told.sum('llm_time_to_first_token_seconds_count'), 2);
  });

  test('tell cached tokens and those of thinking apart, and never count one twice', async (t) => {
    const { attempt, samples } = metricsOf(t);
    attempt({ usage: { ...usage, cachedInputTokens: 8, reasoningTokens: 3 } });
    attempt({ usage });
    const told = await samples();
    assert.deepEqual(['input', 'cached_input', 'output', 'reasoning'].map((kind) => told.sum(`llm_${kind}_tokens_total`)), [20, 8, 10, 3]);
  });

  test('tell the share of each branch, shadows apart, and what the stage itself has shed', async (t) => {
    const { bus, samples } = metricsOf(t);
    const branch = { id: 'x', parent: 'y', stage, shadow: false, outcome: 'ok', ms: 1 } as const;
    for (let count = 0; count < 3; count++) bus.emit('branch', { ...branch, branch: 'A' });
    bus.emit('branch', { ...branch, branch: 'B', outcome: 'failed', error: 'shed' });
    bus.emit('branch', { ...branch, branch: 'B', shadow: true });
    const end = { id: 'y', stage, outcome: 'failed', error: 'shed', ms: 30, queuedMs: 20 } as const;
    bus.emit('stageEnd', { ...end, attempts: 1 });
    bus.emit('stageEnd', { ...end, attempts: 0 });
    const told = await samples();
    assert.deepEqual([told.sum('llm_branch_attempts_total', { branch: 'A' }), told.sum('llm_branch_attempts_total', { branch: 'B', shadow: 'false' })], [3, 1]);
    assert.deepEqual([told.sum('llm_shed_total'), told.sum('llm_stage_requests_total', { kind: 'shed' })], [1, 2]);
    assert.deepEqual(told.of('llm_queue_wait_seconds_count').map(({ labels, value }) => [labels['type'], value]), [['llm-pool', 2]]);
  });

  test('show what is so now', async (t) => {
    const nodes: LlmNode[] = [
      nodeOf({ busy: 3, waiting: 2, breaker: 'half_open', health: 'down' }),
      nodeOf({ identity: { ...backend, id: 'b2' }, breaker: 'closed', health: 'unknown' }),
      nodeOf({ identity: stage, branches: [{ name: 'A', refusal: undefined }, { name: 'B', refusal: 'circuit_open' }] }),
    ];
    const { samples } = metricsOf(t, nodes);
    const told = await samples();
    assert.deepEqual([told.sum('llm_in_flight', { id: 'b1' }), told.sum('llm_waiting', { id: 'b1' })], [3, 2]);
    const states = (name: string, id: string) => told.of(name, { id }).filter(({ value }) => value === 1).map(({ labels }) => labels['state']);
    assert.deepEqual([states('llm_breaker_state', 'b1'), states('llm_backend_health', 'b1')], [['half_open'], ['down']]);
    assert.deepEqual([states('llm_breaker_state', 'b2'), told.of('llm_backend_health', { id: 'b2' })], [['closed'], []]);
    assert.deepEqual([told.sum('llm_branch_up', { branch: 'A' }), told.sum('llm_branch_up', { branch: 'B' })], [1, 0]);
    nodes.splice(0, 2);
    assert.deepEqual((await samples()).values('id'), ['s1']);
  });

  test('drop what is left of nodes that are gone or renamed, and keep the others', async (t) => {
    const nodes = [nodeOf(), nodeOf({ identity: stage })];
    const { metrics, bus, completion, attempt, samples } = metricsOf(t, nodes);
    const gone = { ...backend, id: 'b2' };
    const renamed = { ...backend, name: 'Old name' };
    for (const identity of [backend, gone, renamed]) {
      completion({ backend: identity });
      attempt({ backend: identity, usage });
    }
    bus.emit('stageEnd', { id: 'y', stage, outcome: 'ok', ms: 1, queuedMs: 1, attempts: 1 });
    bus.emit('stageEnd', { id: 'y', stage: { ...stage, id: 's2' }, outcome: 'ok', ms: 1, queuedMs: 1, attempts: 1 });
    await metrics.prune();
    const told = await samples();
    assert.deepEqual([told.values('id'), told.values('node')], [['b1', 's1'], ['Backend', 'Pool']]);
    assert.equal(told.sum('llm_requests_total'), 1);
    assert.equal(told.sum('llm_request_duration_seconds_count'), 1);
  });

  test('tell of the process', async (t) => {
    const { samples } = metricsOf(t);
    const told = await samples();
    for (const name of ['process_cpu_seconds_total', 'process_start_time_seconds', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes', 'nodejs_version_info']) assert.ok(told.sum(name) > 0, name);
    const utilization = told.sum('nodejs_eventloop_utilization_ratio');
    assert.ok(utilization >= 0 && utilization <= 1);
  });

  test('hear nothing more once they are closed', async (t) => {
    const { bus, metrics, completion, samples } = metricsOf(t);
    metrics.close();
    completion();
    assert.equal((await samples()).sum('llm_requests_total'), 0);
    for (const name of ['completion', 'failure', 'attempt', 'retry', 'stageEnd', 'branch', 'breaker', 'served'] as const) assert.ok(!bus.has(name), name);
  });
});
