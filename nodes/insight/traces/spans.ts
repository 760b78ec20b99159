/** Puts a request's waterfall together: stages, the attempts in their branches, backends, their attempts, and what was waited for. */
import type { BackendIdentity } from '../../core/completion.ts';
import type { LlmEvents } from '../../core/events.ts';
import { withoutUndefined } from '../../core/without-undefined.ts';
import type { Outcome, Span } from '../sidebar/api.ts';
import type { KeptRequest, Told } from './kept-request.ts';

type Draft = { -readonly [Name in keyof Omit<Span, 'children'>]: Span[Name] } & { children: Draft[]; queuedMs?: number };

export function treeOf(request: KeptRequest): Span {
  const tree = new Tree(request.startMs);
  for (const told of request.told) tree.take(told);
  return tree.finish(performance.now());
}

class Tree {
  readonly #startMs: number;
  /** By the ids of stages' requests, attempts in branches and backends' requests. */
  readonly #spans = new Map<string, Draft>();
  #root: Draft | undefined;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  take(told: Told): void {
    const at = told.at - this.#startMs;
    switch (told.name) {
      case 'stage':
        return this.#begin(told.event.parent, { ...spanOf(told.event.id, 'stage', at), ...of(told.event.stage) });
      case 'branchStart':
        return this.#branchStart(told.event, at);
      case 'branch':
        return this.#branch(told.event, at);
      case 'request':
        return this.#request(told.event, at);
      case 'firstToken':
        return this.#firstToken(told.event);
      case 'attempt':
        return this.#attempt(told.event, at);
      case 'retry':
        return this.#retry(told.event, at);
      case 'completion':
        return this.#completion(told.event, at);
      case 'failure':
        return this.#failure(told.event, at);
      case 'stageEnd':
        return this.#stageEnd(told.event, at);
      case 'served':
        return this.#served(told.event);
      default:
        return told satisfies never;
    }
  }

  finish(now: number): Span {
    if (!this.#root) throw new Error('A request that is kept has begun.');
    settle(this.#root, now - this.#startMs);
    return this.#root;
  }

  #begin(parent: string | undefined, span: Draft): void {
    this.#spans.set(span.id, span);
    if (parent === undefined) this.#root = span;
    else this.#spans.get(parent)?.children.push(span);
  }

  #branchStart({ id, parent, branch, shadow }: LlmEvents['branchStart'], at: number): void {
    const stage = this.#spans.get(parent);
    if (!stage) return;
    // The one branch of a stage that has no others says nothing of its own.
    if (branch === '') this.#spans.set(id, stage);
    else this.#begin(parent, { ...spanOf(id, 'branch', at), name: branch, ...(shadow && { shadow }) });
  }

  #branch(event: LlmEvents['branch'], at: number): void {
    if (event.branch === '') return;
    // One that was refused never began.
    if (!this.#spans.has(event.id)) this.#branchStart(event, at);
    this.#end(event.id, at, event);
  }

  #request({ requestId, parent, backend, provider, model }: LlmEvents['request'], at: number): void {
    this.#begin(parent, { ...spanOf(requestId, 'backend', at), ...of(backend), provider, ...(model !== '' && { model }) });
  }

  #firstToken({ requestId, ms }: LlmEvents['firstToken']): void {
    const span = this.#spans.get(requestId);
    if (span) span.firstTokenMs = span.startMs + ms;
  }

  /** Told when it is over: its begin is reckoned back. */
  #attempt({ requestId, number, ms, model, outcome, error, usage, cost }: LlmEvents['attempt'], at: number): void {
    const backend = this.#spans.get(requestId);
    if (!backend) return;
    const startMs = Math.max(backend.startMs, at - ms);
    const { firstTokenMs } = backend;
    const isOfThis = firstTokenMs !== undefined && firstTokenMs >= startMs && firstTokenMs <= at;
    backend.children.push({
      ...spanOf(`${requestId}/${number}`, 'attempt', startMs),
      name: String(number),
      endMs: at,
      outcome,
      ...withoutUndefined({ error, usage, cost, model: model || undefined, firstTokenMs: isOfThis ? firstTokenMs : undefined }),
    });
  }

  #retry({ requestId, error, delayMs }: LlmEvents['retry'], at: number): void {
    const backend = this.#spans.get(requestId);
    backend?.children.push({ ...spanOf(`${requestId}/wait-${backend.children.length}`, 'backoff', at), endMs: at + delayMs, outcome: 'ok', error });
  }

  #completion({ requestId, model, usage, cost, timing }: LlmEvents['completion'], at: number): void {
    this.#end(requestId, at, { outcome: 'ok', queuedMs: timing.queuedMs, usage, ...withoutUndefined({ cost, model: model || undefined }) });
  }

  #failure({ requestId, error, hint, queuedMs }: LlmEvents['failure'], at: number): void {
    this.#end(requestId, at, { outcome: error === 'cancelled' ? 'cancelled' : 'failed', error, queuedMs, ...withoutUndefined({ hint }) });
  }

  #stageEnd({ id, queuedMs, model, usage, cost, timing, ...ended }: LlmEvents['stageEnd'], at: number): void {
    const { startMs = 0 } = this.#spans.get(id) ?? {};
    const firstTokenMs = timing?.firstTokenMs === undefined ? undefined : startMs + timing.firstTokenMs;
    this.#end(id, at, { ...ended, queuedMs, ...withoutUndefined({ model, usage, cost, firstTokenMs }) });
  }

  /** Of what an endpoint has refused there is nothing else. */
  #served({ id, endpoint, ms, status }: LlmEvents['served']): void {
    this.#root ??= { ...spanOf(id, 'stage', 0), ...of(endpoint), endMs: ms, outcome: status === 499 ? 'cancelled' : 'failed' };
  }

  #end(id: string, at: number, ended: Partial<Draft> & { outcome: Outcome }): void {
    const span = this.#spans.get(id);
    if (!span) return;
    const { outcome, error, hint, model, usage, cost, firstTokenMs, queuedMs } = ended;
    Object.assign(span, { endMs: at, outcome }, withoutUndefined({ error, hint, model, usage, cost, firstTokenMs, queuedMs }));
  }
}

function spanOf(id: string, kind: Span['kind'], startMs: number): Draft {
  return { id, kind, name: '', startMs, outcome: 'running', children: [] };
}

function of(node: BackendIdentity): { name: string; node: BackendIdentity } {
  return { name: node.name, node };
}

/** What can be said only when all is known, and times that people can read. */
function settle(span: Draft, now: number): void {
  for (const child of span.children) if (child.kind === 'backoff') endBackoff(child, span, now);
  if (span.queuedMs) span.children.push(...queuesOf(span, span.queuedMs));
  delete span.queuedMs;
  span.children.sort((a, b) => a.startMs - b.startMs);
  for (const child of span.children) settle(child, now);
  span.startMs = rounded(span.startMs);
  if (span.endMs !== undefined) span.endMs = rounded(span.endMs);
  if (span.firstTokenMs !== undefined) span.firstTokenMs = rounded(span.firstTokenMs);
}

/** Who is cancelled meanwhile waits no longer. */
function endBackoff(wait: Draft, { endMs }: Draft, now: number): void {
  const planned = wait.endMs ?? now;
  if (endMs !== undefined) wait.endMs = Math.min(planned, endMs);
  else if (planned > now) {
    delete wait.endMs;
    wait.outcome = 'running';
  }
}

/** How long was waited for a place is known, where is not: it is where nothing else was done. */
function queuesOf({ id, startMs, endMs = Infinity, children }: Draft, queuedMs: number): Draft[] {
  const queues: Draft[] = [];
  let left = queuedMs;
  let from = startMs;
  for (const { startMs: next, endMs: until = endMs } of [...children.filter(({ shadow }) => !shadow), { startMs: endMs, endMs }]) {
    const ms = Math.min(left, next - from);
    if (ms >= shortestMs) queues.push({ ...spanOf(`${id}/queue-${queues.length}`, 'queue', from), endMs: from + ms, outcome: 'ok' });
    if (ms > 0) left -= ms;
    from = Math.max(from, until);
  }
  return queues;
}

/** A shorter gap is no waiting. */
const shortestMs = 0.05;

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
