/** A pool of the two servers for each way to share out, behind an HTTP route of its own, and whoever asks it. */
import type { LlmMessage } from '../../../nodes/runtime/calls.ts';
import type { Completion } from '../../../nodes/core/completion.ts';
import type { Strategy } from '../../../nodes/core/stage-settings.ts';
import type { FlowNode } from '../../support/node-red.ts';
import { at } from '../measure.ts';

export interface Way {
  readonly id: string;
  /** As the table has it. */
  readonly name: string;
  readonly strategy: Strategy;
  /** Of the two servers; equal where absent. */
  readonly weights?: readonly [number, number];
  /** Of each of them; unlimited where absent. */
  readonly maxConcurrent?: number;
}

/** What a client asks: the prompt and `msg.llm`. */
export interface Question {
  readonly payload: LlmMessage['payload'];
  readonly llm: { readonly maxTokens: number; readonly session: string; readonly extra: object };
}

export function poolFlows(ways: readonly Way[], api: 'chat' | 'completion', urls: readonly string[]): FlowNode[] {
  const servers: FlowNode[] = urls.map((url, index) => ({ id: `server-${index}`, type: 'llm-llamacpp-server', url, healthIntervalMs: 0 }));
  return [
    { id: 'tab', type: 'tab', label: 'Pools' },
    ...servers,
    ...ways.flatMap((way) => wayFlow(way, api, urls.length)),
    { id: 'catch', type: 'catch', ...at, scope: null, wires: [['why']] },
    { id: 'why', type: 'change', ...at, rules: [set('payload', 'error.message')], wires: [['failed']] },
    { id: 'failed', type: 'http response', ...at, statusCode: '500', headers: {}, wires: [] },
  ];
}

/** A server that is stopped and continued closes an idle connection now and then, which is met when it is used again: see signal(7), EINTR. */
const again = { retries: 3, retryBaseMs: 1, breakerFailures: 0 };

function wayFlow({ id, strategy, weights = [1, 1], maxConcurrent = 0 }: Way, api: string, count: number): FlowNode[] {
  const models = Array.from({ length: count }, (_, index) => `${id}-${index}`);
  const members = models.map((name, index) => ({ name, weight: weights[index], maxConcurrent }));
  return [
    { id: `${id}-in`, type: 'http in', ...at, url: `/pool/${id}`, method: 'post', wires: [[`${id}-question`]] },
    { id: `${id}-question`, type: 'change', ...at, rules: [set('llm', 'payload.llm'), set('payload', 'payload.payload')], wires: [[id]] },
    { id, type: 'llm-pool', ...at, strategy, members, attempts: 1, maxQueued: 1_000, queueTimeoutMs: 0, breakerFailures: 0, wires: [[`${id}-answer`], ...models.map((model) => [model])] },
    ...models.map((model, index) => ({ id: model, type: 'llm-llamacpp', name: `${index}`, ...at, server: `server-${index}`, api, temperature: 0, ...again, wires: [[]] })),
    { id: `${id}-answer`, type: 'change', ...at, rules: [set('payload', 'completion')], wires: [[`${id}-out`]] },
    { id: `${id}-out`, type: 'http response', ...at, statusCode: '', headers: {}, wires: [] },
  ];
}

/** A rule of the change node. */
function set(to: string, from: string) {
  return { t: 'set', p: to, pt: 'msg', to: from, tot: 'msg' };
}

/** Asks one of the ways. @throws Error where it fails: a benchmark of failures would measure nothing */
export async function askPool(nodeRedUrl: string, { id }: Way, question: Question): Promise<Completion & { ms: number }> {
  const began = performance.now();
  const answer = await fetch(`${nodeRedUrl}/pool/${id}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(question) });
  if (!answer.ok) throw new Error(`${id} failed: ${answer.status} ${await answer.text()}`);
  const completion = (await answer.json()) as Completion;
  return { ...completion, ms: performance.now() - began };
}
