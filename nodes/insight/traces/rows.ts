/** What the sidebar shows of a request: a row of the list, or all of it. */
import type { LlmEvents } from '../../core/events.ts';
import { withoutUndefined } from '../../core/without-undefined.ts';
import type { Outcome, RequestRow, RequestTrace } from '../sidebar/api.ts';
import { endOf, type KeptRequest, type RootEnd, type Told } from './kept-request.ts';
import { treeOf } from './spans.ts';

/** nginx's word for a client that went away. */
const clientGone = 499;

export function rowOf({ id, startedAt, entry, told }: KeptRequest): RequestRow {
  const end = endOf(id, told);
  const { attempts, costUsd } = attemptsOf(told);
  return {
    id,
    at: new Date(startedAt).toISOString(),
    entry,
    attempts,
    ...withoutUndefined({ costUsd, ...askedOf(told), ...(end ? factsOf(end) : {}) }),
    ...(end ? {} : servedAlone(told)),
    outcome: end ? outcomeOf(end) : outcomeWithoutEnd(told),
  };
}

export function traceOf(request: KeptRequest): RequestTrace {
  const end = endOf(request.id, request.told);
  const hint = end && end.name !== 'completion' ? end.event.hint : undefined;
  const row = rowOf(request);
  const soFar = row.outcome === 'running' ? { ms: Math.round(performance.now() - request.startMs) } : {};
  return { ...row, ...soFar, ...withoutUndefined({ hint }), root: treeOf(request), isCut: request.isCut };
}

function outcomeOf(end: RootEnd): Exclude<Outcome, 'running'> {
  if (end.name === 'stageEnd') return end.event.outcome;
  if (end.name === 'completion') return 'ok';
  return end.event.error === 'cancelled' ? 'cancelled' : 'failed';
}

/** What an endpoint refused has no other end than its answer. */
function outcomeWithoutEnd([first]: readonly Told[]): Outcome {
  if (first?.name !== 'served') return 'running';
  return first.event.status === clientGone ? 'cancelled' : 'failed';
}

function attemptsOf(told: readonly Told[]) {
  const attempts = told.filter(({ name }) => name === 'attempt').map(({ event }) => event as LlmEvents['attempt']);
  const priced = attempts.filter(({ cost }) => cost !== undefined);
  return { attempts: attempts.length, costUsd: priced.length === 0 ? undefined : priced.reduce((sum, { cost }) => sum + (cost?.usd ?? 0), 0) };
}

function askedOf(told: readonly Told[]) {
  const [first] = told;
  const stage = first?.name === 'stage' ? first.event : undefined;
  const served = told.find(({ name }) => name === 'served')?.event as LlmEvents['served'] | undefined;
  return { client: stage?.client ?? served?.client, requestId: stage?.requestId ?? served?.requestId, status: served?.status };
}

function factsOf(end: RootEnd) {
  const { event } = end;
  if (end.name === 'failure') return { error: end.event.error, ms: end.event.ms };
  const { model, usage, timing } = event as Partial<LlmEvents['completion']>;
  const answered = { model, inputTokens: usage?.inputTokens, outputTokens: usage?.outputTokens, firstTokenMs: timing?.firstTokenMs };
  if (end.name === 'completion') return { ...answered, backend: end.event.backend.name, ms: end.event.timing.totalMs };
  const { error, route, backend, ms } = end.event;
  return { ...answered, error, route, backend, ms };
}

/** What an endpoint turned away itself. */
function servedAlone([first]: readonly Told[]) {
  return first?.name === 'served' ? { ms: first.event.ms } : {};
}
