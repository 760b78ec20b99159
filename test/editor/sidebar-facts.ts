/** What a runtime might tell the sidebar: a gateway on a bad day. */
import type { LiveFacts, LiveFigures, LiveNode, RequestRow, RequestTrace, Span } from '../../nodes/insight/sidebar/api.ts';
import type { FlowNode } from '../support/node-red.ts';

const place = { z: 'tab', x: 200 };

/** The flow of which it tells; none of it has to run. */
export const flows: FlowNode[] = [
  { id: 'tab', type: 'tab', label: 'Gateway' },
  { id: 'endpoint', type: 'llm-endpoint', ...place, y: 80, path: '/v1', wires: [['fallback']] },
  { id: 'fallback', type: 'llm-fallback', name: 'local, then cloud', ...place, x: 400, y: 80, branches: [{ name: 'local' }, { name: 'cloud' }], wires: [[], ['pool'], ['cloud']] },
  { id: 'pool', type: 'llm-pool', name: 'GPU boxes', ...place, x: 600, y: 80, members: [{ name: 'one' }, { name: 'two' }], wires: [[], ['gpu-1'], ['gpu-2']] },
  { id: 'gpu-1', type: 'llm-echo', name: 'GPU box 1', ...place, x: 800, y: 80, wires: [[]] },
  { id: 'gpu-2', type: 'llm-echo', name: 'GPU box 2', ...place, x: 800, y: 160, wires: [[]] },
  { id: 'cloud', type: 'llm-echo', name: 'cloud', ...place, x: 600, y: 240, wires: [[]] },
  { id: 'draft', type: 'llm-echo', name: 'draft', ...place, x: 600, y: 320, wires: [[]] },
  { id: 'other', type: 'tab', label: 'Elsewhere' },
  { id: 'far', type: 'llm-echo', name: 'nightly summaries', z: 'other', x: 200, y: 80, wires: [[]] },
];

const steps = 30;

/** A wave: the charts have something to show, and the same each time. */
function figures(size: number, failedShare = 0, more: Partial<LiveFigures> = {}): LiveFigures {
  const series = Array.from({ length: steps }, (_, step) => {
    const requests = Math.round(size * (1 + Math.sin(step / 3)) * (step % 7 === 6 ? 0.4 : 1));
    const p50Ms = 900 + 300 * Math.cos(step / 4);
    const times = requests > 0 ? { p50Ms, p95Ms: p50Ms * (step > 20 ? 3.1 : 1.9), firstTokenP50Ms: 180 + 40 * Math.sin(step) } : {};
    return { requests, failed: step > 20 ? Math.round(requests * failedShare) : 0, ...times };
  });
  const today = { requests: size * 4_213, failed: Math.round(size * failedShare * 200), inputTokens: size * 912_400, outputTokens: size * 301_222, cachedTokens: size * 12_000, costUsd: size * 0.42 };
  const times = { p50Ms: 1_240, p95Ms: 3_410, firstTokenP50Ms: 182, firstTokenP95Ms: 640 };
  return { ...times, outputTokensPerSecond: size * 38.4, requestsPerSecond: size * 0.55, failedPercent: failedShare * 12, series, today, ...more };
}

const idle = figures(0, 0, { outputTokensPerSecond: 0, requestsPerSecond: 0, failedPercent: 0, today: { requests: 0, failed: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0, costUsd: 0 } });
const { p50Ms: _1, p95Ms: _2, firstTokenP50Ms: _3, firstTokenP95Ms: _4, ...quiet } = idle;

function node(kind: LiveNode['kind'], id: string, name: string, state: LiveNode['state'], more: Partial<LiveNode> = {}): LiveNode {
  return { node: { id, name, type: `llm-${kind}` }, kind, state, busy: 0, waiting: 0, ...quiet, ...(kind === 'backend' && { breaker: 'closed' as const }), ...more };
}

export const nodes: readonly LiveNode[] = [
  node('endpoint', 'endpoint', '/v1', 'busy', { busy: 9, ...figures(4, 0.3) }),
  node('stage', 'fallback', 'local, then cloud', 'busy', { busy: 9, ...figures(4, 0.1), branches: [{ name: 'local' }, { name: 'cloud', refusal: 'circuit_open' }] }),
  node('stage', 'pool', 'GPU boxes', 'queueing', {
    busy: 8,
    waiting: 3,
    ...figures(3),
    branches: [
      { name: 'one', member: { busy: 6, isDrained: false, sharePercent: 64.2 } },
      { name: 'two', member: { busy: 2, isDrained: true, sharePercent: 35.8 } },
      { name: 'three', refusal: 'unavailable', member: { busy: 0, isDrained: false, sharePercent: 0 } },
    ],
  }),
  node('backend', 'gpu-1', 'GPU box 1', 'busy', { busy: 6, ...figures(2) }),
  node('backend', 'gpu-2', 'GPU box 2', 'degraded', { busy: 2, ...figures(1, 0.6), breaker: 'half_open' }),
  node('backend', 'gpu-3', 'GPU box 3, which has a name that is far too long for any sidebar', 'down', figures(0)),
  node('backend', 'cloud', 'cloud', 'open', { busy: 1, ...figures(1, 0.8), breaker: 'open' }),
  node('backend', 'draft', 'draft', 'open', { breaker: 'open', isTripped: true }),
  node('backend', 'far', 'nightly summaries', 'ready'),
  node('backend', 'big', 'big one', 'loading'),
  node('backend', 'new', 'new one', 'misconfigured'),
];

export const live: LiveFacts = { since: '2026-01-01T00:00:00.000Z', isKept: true, stepMs: 10_000, all: figures(4, 0.3), nodes };

const entry = { id: 'endpoint', name: '/v1', type: 'llm-endpoint' };
const start = Date.UTC(2026, 0, 1, 12);

export function request(n: number, more: Partial<RequestRow> = {}): RequestRow {
  const answered = { backend: 'GPU box 1', model: 'mistral-7b', ms: 900 + n, firstTokenMs: 190, inputTokens: 120, outputTokens: 340, status: 200 };
  return { id: `r${n}`, at: new Date(start + n * 1_000).toISOString(), entry, outcome: 'ok', attempts: 1, client: 'web', requestId: `req_${n}`, ...answered, ...more };
}

const unanswered = { backend: undefined, model: undefined, firstTokenMs: undefined, inputTokens: undefined, outputTokens: undefined } as unknown as Partial<RequestRow>;

export const requests: readonly RequestRow[] = [
  request(9, { outcome: 'running', attempts: 1, ...unanswered, ms: 420 }),
  request(8, { costUsd: 0.0042, backend: 'cloud', model: 'claude-sonnet', attempts: 4, route: 'A / local', ms: 4_210 }),
  request(7, { outcome: 'failed', error: 'rate_limit', attempts: 6, ...unanswered, ms: 2_150, status: 429, client: 'batch' }),
  request(6),
  request(5, { outcome: 'cancelled', error: 'cancelled', ...unanswered, ms: 310, status: 499 }),
  request(4, { outcome: 'failed', error: 'timeout', attempts: 2, ...unanswered, ms: 30_000, status: 504 }),
  request(3),
  request(2, { client: 'batch', route: 'B / cloud', costUsd: 0.00031 }),
  request(1),
];

function span(kind: Span['kind'], name: string, startMs: number, endMs: number, outcome: Span['outcome'], more: Partial<Span> = {}): Span {
  return { id: `${kind} ${name} ${startMs}`, kind, name, startMs, endMs, outcome, children: [], ...more };
}

const usage = { inputTokens: 120, outputTokens: 340, estimated: false };
const cost = { usd: 0.0042, inputUsd: 0.0012, outputUsd: 0.003 };
const overloaded = { error: 'overloaded' as const };

/** It failed over from a pool that waits and retries to the cloud. */
const root: Span = span('stage', '/v1', 0, 4_210, 'ok', {
  node: entry,
  children: [
    span('stage', 'local, then cloud', 4, 4_205, 'ok', {
      node: { id: 'fallback', name: 'local, then cloud', type: 'llm-fallback' },
      children: [
        span('branch', 'local', 5, 1_900, 'failed', {
          ...overloaded,
          children: [
            span('stage', 'GPU boxes', 6, 1_898, 'failed', {
              ...overloaded,
              node: { id: 'pool', name: 'GPU boxes', type: 'llm-pool' },
              children: [
                span('queue', '', 6, 420, 'ok'),
                span('branch', 'one', 420, 1_890, 'failed', {
                  ...overloaded,
                  children: [
                    span('backend', 'GPU box 1', 422, 1_888, 'failed', {
                      ...overloaded,
                      node: { id: 'gpu-1', name: 'GPU box 1', type: 'llm-vllm' },
                      hint: 'vLLM has no room for more requests. Start it with a larger --max-num-seqs, or give the pool another member.',
                      children: [
                        span('queue', '', 422, 600, 'ok'),
                        span('attempt', '1', 600, 800, 'failed', overloaded),
                        span('backoff', '', 800, 1_050, 'ok'),
                        span('attempt', '2', 1_050, 1_230, 'failed', overloaded),
                        span('backoff', '', 1_230, 1_700, 'ok'),
                        span('attempt', '3', 1_700, 1_888, 'failed', overloaded),
                      ],
                    }),
                  ],
                }),
                span('branch', 'two', 430, 900, 'cancelled', { shadow: true, children: [span('backend', 'GPU box 2', 431, 900, 'cancelled', { error: 'cancelled' })] }),
              ],
            }),
          ],
        }),
        span('branch', 'cloud', 1_901, 4_200, 'ok', {
          children: [
            span('backend', 'cloud', 1_902, 4_199, 'ok', {
              node: { id: 'cloud', name: 'cloud', type: 'llm-anthropic' },
              children: [span('attempt', '1', 1_902, 4_199, 'ok', { usage, cost, model: 'claude-sonnet', provider: 'anthropic', firstTokenMs: 2_300 })],
            }),
          ],
        }),
      ],
    }),
  ],
});

export const failedOver: RequestTrace = {
  ...(requests[1] as RequestRow),
  root,
  isCut: false,
  content: {
    prompt: '[{"role":"user","content":"Which pump needs oil? My key is [redacted]."}]',
    settings: '{"temperature":0.2}',
    answer: 'Pump 7 needs oil every 500 hours.',
    canReplay: true,
    redactions: 2,
  },
};

export const rateLimited: RequestTrace = {
  ...(requests[2] as RequestRow),
  hint: 'The account is out of requests for this minute. Wait 40 s, or add a branch with another account.',
  root: span('stage', '/v1', 0, 2_150, 'failed', {
    error: 'rate_limit',
    node: entry,
    children: [span('backend', 'cloud', 3, 2_149, 'failed', { error: 'rate_limit', node: { id: 'cloud', name: 'cloud', type: 'llm-anthropic' } })],
  }),
  isCut: true,
};
