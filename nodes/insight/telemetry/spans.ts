/** Requests as spans: stages, the attempts in their branches, the backends' requests and their attempts, each the child of what it is part of. */
import { type Attributes, type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import type { FailureKind } from '../../core/errors.ts';
import type { EventBus, LlmEvents } from '../../core/events.ts';
import { readTraceparent, tellTraceparent, writeTraceparent } from '../../core/trace-context.ts';
import { errorType, ofFinish, ofNode, ofRequest, ofResponse, ofUsage } from './attributes.ts';

interface Ended {
  readonly outcome: 'ok' | 'failed' | 'cancelled';
  readonly error?: FailureKind;
}

export class SpanRecorder {
  readonly #tracer: Tracer;
  /** By the ids of stages' requests, attempts in branches and backends' requests. */
  readonly #open = new Map<string, Span>();
  readonly #unsubscribe: ReadonlyArray<() => void>;

  constructor(bus: EventBus, tracer: Tracer) {
    this.#tracer = tracer;
    this.#unsubscribe = [
      bus.on('stage', (event) => this.#stage(event)),
      bus.on('stageEnd', (event) => this.#stageEnd(event)),
      bus.on('branchStart', (event) => this.#branchStart(event)),
      bus.on('branch', (event) => this.#branch(event)),
      bus.on('request', (event) => this.#request(event)),
      bus.on('firstToken', ({ requestId }) => void this.#open.get(requestId)?.addEvent('first token')),
      bus.on('retry', ({ requestId, error, delayMs }) => void this.#open.get(requestId)?.addEvent('retry', { [errorType]: error, 'llm.retry.delay_ms': delayMs })),
      bus.on('attempt', (event) => this.#attempt(event)),
      bus.on('completion', (event) => this.#completion(event)),
      bus.on('failure', (event) => this.#failure(event)),
      tellTraceparent((requestId) => this.#traceparentOf(requestId)),
    ];
  }

  /** Spans that are under way. */
  get size(): number {
    return this.#open.size;
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #stage({ id, parent, stage, client, requestId, traceparent }: LlmEvents['stage']): void {
    const asked = { ...(client !== undefined && { 'llm.client': client }), ...(requestId !== undefined && { 'llm.request.id': requestId }) };
    const kind = requestId === undefined ? SpanKind.INTERNAL : SpanKind.SERVER;
    this.#start(id, parent, stage.name, kind, { ...ofNode(stage), ...asked }, traceparent);
  }

  #stageEnd({ id, route, backend, attempts, ...ended }: LlmEvents['stageEnd']): void {
    const answered = { ...(route !== undefined && { 'llm.route': route }), ...(backend !== undefined && { 'llm.backend': backend }) };
    this.#end(id, ended, { ...answered, 'llm.attempts': attempts });
  }

  #branchStart({ id, parent, stage, branch, shadow }: LlmEvents['branchStart']): void {
    const name = branch === '' ? 'flow' : `branch ${branch}`;
    this.#start(id, parent, name, SpanKind.INTERNAL, { ...ofNode(stage), 'llm.branch': branch, ...(shadow && { 'llm.shadow': true }) });
  }

  #branch(event: LlmEvents['branch']): void {
    // One that was refused never began.
    if (!this.#open.has(event.id)) this.#branchStart(event);
    this.#end(event.id, event);
  }

  #request(event: LlmEvents['request']): void {
    const { requestId, parent, backend, operation, model } = event;
    this.#start(requestId, parent, model === '' ? operation : `${operation} ${model}`, SpanKind.CLIENT, { ...ofRequest(event), ...ofNode(backend) });
  }

  /** Told when it is over: its begin is reckoned back. */
  #attempt({ requestId, number, ms, model, outcome, error }: LlmEvents['attempt']): void {
    // As the spans around it, which begin by the clock of the wall.
    const now = Date.now();
    const attributes = { 'llm.attempt': number, ...ofResponse(model) };
    const span = this.#tracer.startSpan(`attempt ${number}`, { startTime: now - ms, attributes }, this.#contextOf(requestId));
    finish(span, { outcome, ...(error && { error }) });
    span.end(now);
  }

  #completion({ requestId, model, finishReason, usage, timing, attempts }: LlmEvents['completion']): void {
    const first = timing.firstTokenMs === undefined ? {} : { 'llm.first_token_ms': timing.firstTokenMs };
    this.#end(requestId, { outcome: 'ok' }, { ...ofResponse(model), ...ofFinish(finishReason), ...ofUsage(usage), ...first, 'llm.queued_ms': timing.queuedMs, 'llm.attempts': attempts });
  }

  #failure({ requestId, error, status, attempts, queuedMs }: LlmEvents['failure']): void {
    const outcome = error === 'cancelled' ? 'cancelled' : 'failed';
    this.#end(requestId, { outcome, error }, { ...(status !== undefined && { 'http.response.status_code': status }), 'llm.queued_ms': queuedMs, 'llm.attempts': attempts });
  }

  #start(id: string, parent: string | undefined, name: string, kind: SpanKind, attributes: Attributes, traceparent?: string): void {
    const context = parent === undefined ? remoteContext(traceparent) : this.#contextOf(parent);
    this.#open.set(id, this.#tracer.startSpan(name, { kind, attributes }, context));
  }

  #end(id: string, ended: Ended, attributes: Attributes = {}): void {
    const span = this.#open.get(id);
    if (!span) return;
    this.#open.delete(id);
    span.setAttributes(attributes);
    finish(span, ended);
    span.end();
  }

  #contextOf(id: string): Context {
    const span = this.#open.get(id);
    return span ? trace.setSpan(ROOT_CONTEXT, span) : ROOT_CONTEXT;
  }

  #traceparentOf(requestId: string): string | undefined {
    const context = this.#open.get(requestId)?.spanContext();
    return context && trace.isSpanContextValid(context) ? writeTraceparent({ ...context, flags: context.traceFlags }) : undefined;
  }
}

/** That of a client, where it traces its requests. */
function remoteContext(traceparent: string | undefined): Context {
  const remote = readTraceparent(traceparent);
  if (!remote) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = remote;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags, isRemote: true });
}

/** The kind alone: what a failure says may name addresses. Who was cancelled has not failed. */
function finish(span: Span, { outcome, error }: Ended): void {
  if (error !== undefined) span.setAttribute(errorType, error);
  if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, ...(error && { message: error }) });
}
