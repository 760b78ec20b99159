/** What the sidebar shows of a request: a row of the list, or all of it. */
import type { LlmEvents } from '../../core/events.ts';
import { withoutUndefined } from '../../core/without-undefined.ts';
import type { Outcome, RequestRow, RequestTrace } from '../sidebar/api.ts';
import type { KeptRequest, RootEnd } from './kept-request.ts';
import { treeOf } from './spans.ts';

/** nginx's word for a client that went away. */
const clientGone = 499;

export function rowOf(request: KeptRequest): RequestRow {
  const { id, startedAt, entry, end } = request;
  const { attempts, costUsd } = attemptsOf(request);
  return {
    id,
    at: new Date(startedAt).toISOString(),
    entry,
    attempts,
    ...withoutUndefined({ costUsd, ...askedOf(request), ...(end ? endOf(end) : {}) }),
    ...(end ? {} : servedAlone(request)),
    outcome: outcomeOf(request),
  };
}

export function traceOf(request: KeptRequest): RequestTrace {
  const { end, isCut } = request;
  const hint = end && end.name !== 'completion' ? end.event.hint : undefined;
  const soFar = outcomeOf(request) === 'running' ? { ms: Math.round(performance.now() - request.startMs) } : {};
  return { ...rowOf(request), ...soFar, ...withoutUndefined({ hint }), root: treeOf(request), isCut };
}

export function outcomeOf({ end, told }: KeptRequest): Outcome {
  if (end) return endedAs(end);
  const [first] = told;
  if (first?.name !== 'served') return 'running';
  return first.event.status === clientGone ? 'cancelled' : 'failed';
}

export function endedAs(end: RootEnd): Exclude<Outcome, 'running'> {
  if (end.name === 'stageEnd') return end.event.outcome;
  if (end.name === 'completion') return 'ok';
  return end.event.error === 'cancelled' ? 'cancelled' : 'failed';
}

function attemptsOf({ told }: KeptRequest) {
  const attempts = told.filter(({ name }) => name === 'attempt').map(({ event }) => event as LlmEvents['attempt']);
  const priced = attempts.filter(({ cost }) => cost !== undefined);
  return { attempts: attempts.length, costUsd: priced.length === 0 ? undefined : priced.reduce((sum, { cost }) => sum + (cost?.usd ?? 0), 0) };
}

function askedOf({ told }: KeptRequest) {
  const [first] = told;
  const stage = first?.name === 'stage' ? first.event : undefined;
  const served = told.find(({ name }) => name === 'served')?.event as LlmEvents['served'] | undefined;
  return { client: stage?.client ?? served?.client, requestId: stage?.requestId ?? served?.requestId, status: served?.status };
}

function endOf(end: RootEnd) {
  const { event } = end;
  if (end.name === 'failure') return { error: end.event.error, ms: end.event.ms };
  const { model, usage, timing } = event as Partial<LlmEvents['completion']>;
  const answered = { model, inputTokens: usage?.inputTokens, outputTokens: usage?.outputTokens, firstTokenMs: timing?.firstTokenMs };
  if (end.name === 'completion') return { ...answered, backend: end.event.backend.name, ms: end.event.timing.totalMs };
  const { error, route, backend, ms } = end.event;
  return { ...answered, error, route, backend, ms };
}

/** What an endpoint turned away itself. */
function servedAlone({ told: [first] }: KeptRequest) {
  return first?.name === 'served' ? { ms: first.event.ms } : {};
}
