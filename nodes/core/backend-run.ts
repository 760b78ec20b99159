/** One request on its way through a backend: a place in the queue, tries and retries, and what is said of it on the bus. */
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { setTimeout as delay } from 'node:timers/promises';
import { runAttempt } from './attempt.ts';
import type { BackendOptions, CompleteOptions } from './backend.ts';
import type { Breaker } from './breaker.ts';
import { Answer, type AttemptRecord, type Completion } from './completion.ts';
import { isLlmError, LlmError, policyFor, toLlmError } from './errors.ts';
import { bus, type LlmEvents } from './events.ts';
import type { Limits } from './limits.ts';
import type { Places } from './places.ts';
import type { CompletionRequest } from './request.ts';
import { completeUsage } from './tokens.ts';
import { traceparentOf } from './trace-context.ts';
import { duration } from './units.ts';

/** A longer wait than this is not worth holding a request for: the failure goes on with its `retryAfterMs`. */
const longestRetryAfterMs = 60_000;

/** A request's id is unique in the process by its number, among processes by its beginning. */
const idStart = crypto.randomUUID();
let requests = 0;

export function newRequestId(): string {
  return `${idStart}-${++requests}`;
}

/** The events that tell of a request, and what each of them tells of every request. */
type RequestEvents = Pick<LlmEvents, 'request' | 'attempt' | 'firstToken' | 'retry' | 'completion' | 'failure'>;
type About = RequestEvents['request'];

/** What the requests of one backend share. */
export interface Shared extends BackendOptions {
  readonly places: Places;
  readonly breaker: Breaker;
  /** After a rate limit: until when nothing is sent, on the clock of `performance.now`. */
  coolUntil: number;
}

export class Run {
  readonly #backend: Shared;
  readonly #request: CompletionRequest;
  readonly #options: CompleteOptions;
  readonly #controller = new AbortController();
  readonly #started = performance.now();
  readonly #attempts: AttemptRecord[] = [];
  readonly #about: About;
  readonly #deadlineMs: number;
  #firstTokenMs: number | undefined;
  #queuedMs = 0;

  constructor(backend: Shared, request: CompletionRequest, options: CompleteOptions) {
    this.#backend = backend;
    this.#options = options;
    this.#request = request.model ? request : { ...request, model: backend.model };
    const { deadline = Infinity, parent, id = newRequestId() } = options;
    this.#deadlineMs = Math.min(backend.limits.totalTimeoutMs || Infinity, request.timeoutMs ?? Infinity, Math.max(0, deadline - this.#started));
    this.#about = {
      requestId: id,
      backend: backend.identity,
      provider: backend.client.provider.id,
      model: this.#request.model ?? '',
      operation: request.task === 'embed' ? 'embeddings' : 'chat',
      ...(parent !== undefined && { parent }),
    };
  }

  async complete(): Promise<Completion> {
    const { signal } = this.#options;
    const abort = () => this.#controller.abort(this.#asCancelled(signal?.reason));
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    const deadline = this.#startDeadline();
    this.#emit('request', {});
    try {
      await this.#enter();
      try {
        return this.#succeed(await this.#tryAndRetry());
      } finally {
        this.#backend.places.leave();
      }
    } catch (error) {
      throw this.#fail(error);
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** A caller that gives no reason, or one of its own, has cancelled the request. */
  #asCancelled(reason: unknown): LlmError {
    return isLlmError(reason) ? reason : new LlmError('cancelled', 'The request was cancelled.', { provider: this.#about.provider });
  }

  #startDeadline(): NodeJS.Timeout | undefined {
    const ms = this.#deadlineMs;
    if (ms === Infinity) return undefined;
    const error = () =>
      new LlmError('timeout', `No complete answer within ${duration(ms)}.`, {
        provider: this.#about.provider,
        hint: 'Raise the total time limit, or ask for fewer tokens.',
      });
    return setTimeout(() => this.#controller.abort(error()), ms);
  }

  async #enter(): Promise<void> {
    const { signal } = this.#controller;
    const { places } = this.#backend;
    signal.throwIfAborted();
    if (places.tryEnter()) return;
    try {
      await places.wait(this.#request.priority, signal);
    } finally {
      this.#queuedMs = this.#elapsedMs();
    }
  }

  async #tryAndRetry(): Promise<Answer> {
    const { limits } = this.#backend;
    let backoff: IBackoff<unknown> | undefined;
    for (let number = 1; ; number++) {
      // A place, or the end of a wait, may come together with the end of the request.
      this.#controller.signal.throwIfAborted();
      const answer = new Answer();
      try {
        await this.#attempt(answer, number);
        return answer;
      } catch (error) {
        const failure = toLlmError(error, this.#about.provider);
        backoff = backoff?.next(undefined) ?? newBackoff(limits);
        const delayMs = Math.max(backoff.duration, failure.retryAfterMs ?? 0);
        if (answer.started || number > limits.retries || !this.#mayRetry(failure, delayMs)) throw failure;
        this.#emit('retry', { error: failure.kind, delayMs });
        await this.#wait(delayMs);
      }
    }
  }

  #mayRetry(failure: LlmError, delayMs: number): boolean {
    if (!failure.retryable || (failure.retryAfterMs ?? 0) > longestRetryAfterMs || this.#leadsOn(failure)) return false;
    // Neither a deadline nor a breaker that has opened meanwhile would let the retry through: the failure itself says more.
    return this.#elapsedMs() + delayMs < this.#deadlineMs && this.#backend.breaker.remainingMs <= delayMs;
  }

  /** Nobody waits for a server that is not there, or has no room, while another one is free. */
  #leadsOn({ kind }: LlmError): boolean {
    return policyFor(kind).leadsOnAtOnce && (this.#options.hasAlternative?.(kind) ?? false);
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#controller;
    const until = performance.now() + ms;
    // A timer may run a little early, and would then meet the end of the provider's pause.
    for (let left = ms; left > 0; left = until - performance.now()) {
      await delay(left, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async #attempt(answer: Answer, number: number): Promise<void> {
    const startedAt = this.#elapsedMs();
    let release: (() => void) | undefined;
    try {
      // Before the breaker: neither a pause nor a server that is starting is a probe of it.
      this.#checkPause();
      const acquired = this.#backend.client.acquire?.(this.#controller.signal);
      release = acquired instanceof Promise ? await acquired : acquired;
      await this.#backend.breaker.execute(() => this.#runAttempt(answer));
      this.#record(answer, number, startedAt);
    } catch (error) {
      const failure = toLlmError(error, this.#about.provider);
      if (failure.kind === 'rate_limit') this.#coolFor(failure.retryAfterMs ?? 0);
      this.#record(answer, number, startedAt, failure);
      throw failure;
    } finally {
      release?.();
    }
  }

  /** @throws LlmError `rate_limit` while the provider wants to be left alone */
  #checkPause(): void {
    const retryAfterMs = Math.ceil(this.#backend.coolUntil - performance.now());
    if (retryAfterMs <= 0) return;
    const { id, label } = this.#backend.client.provider;
    const hint = 'Send fewer requests at once, or ask the provider for a higher limit.';
    throw new LlmError('rate_limit', `${label} asked for a pause that is not over.`, { provider: id, retryAfterMs, hint });
  }

  #coolFor(ms: number): void {
    this.#backend.coolUntil = Math.max(this.#backend.coolUntil, performance.now() + ms);
  }

  #runAttempt(answer: Answer): Promise<void> {
    const { client, limits } = this.#backend;
    const onFirstToken = () => {
      this.#firstTokenMs = this.#elapsedMs();
      this.#emit('firstToken', { ms: this.#firstTokenMs });
    };
    const traceparent = traceparentOf(this.#about.requestId);
    return runAttempt({ client, request: this.#request, limits, controller: this.#controller, answer, sink: this.#options.sink, onFirstToken, traceparent });
  }

  #record(answer: Answer, number: number, startedAt: number, failure?: LlmError): void {
    const outcome = failure === undefined ? 'ok' : failure.kind === 'cancelled' ? 'cancelled' : 'failed';
    const ms = this.#elapsedMs() - startedAt;
    const error = failure && { error: failure.kind };
    this.#attempts.push({ backend: this.#backend.identity.name, outcome, ...error, ms });
    if (!bus.has('attempt')) return;
    const model = answer.model ?? this.#about.model;
    const usage = answer.started ? completeUsage(answer, this.#request.messages) : undefined;
    const cost = usage && this.#backend.cost?.(usage, model);
    this.#emit('attempt', { number, model, requestedModel: this.#about.model, outcome, ...error, ms, ...(usage && { usage }), ...(cost && { cost }) });
  }

  #succeed(answer: Answer): Completion {
    const { identity, cost: costOf, client } = this.#backend;
    const usage = completeUsage(answer, this.#request.messages);
    const model = answer.model ?? this.#about.model;
    const cost = costOf?.(usage, model);
    const totalMs = this.#elapsedMs();
    const streamingMs = totalMs - (this.#firstTokenMs ?? totalMs);
    const completion: Completion = {
      ...answer.about,
      text: answer.text,
      message: answer.message,
      finishReason: answer.finishReason ?? 'unknown',
      provider: client.provider.id,
      model,
      backend: { ...identity },
      usage,
      ...(cost && { cost }),
      timing: {
        queuedMs: this.#queuedMs,
        ...(this.#firstTokenMs !== undefined && { firstTokenMs: this.#firstTokenMs }),
        totalMs,
        ...(streamingMs > 0 && { tokensPerSecond: (usage.outputTokens / streamingMs) * 1000 }),
      },
      attempts: this.#attempts,
      ...(answer.logprobs.length > 0 && { logprobs: answer.logprobs }),
      ...(answer.embeddings && { embeddings: answer.embeddings }),
    };
    const { timing, finishReason } = completion;
    const { requestId, parent } = this.#about;
    if (parent === undefined && bus.has('answered')) bus.emit('answered', { id: requestId, text: answer.text });
    // Listeners keep what they are told, and whoever gets the answer may change it.
    const told = { usage: { ...usage }, ...(cost && { cost: { ...cost } }), timing: { ...timing } };
    this.#emit('completion', { model, requestedModel: this.#about.model, finishReason, ...told, attempts: this.#attempts.length });
    return completion;
  }

  #fail(error: unknown): LlmError {
    const failure = this.#withAttempts(toLlmError(error, this.#about.provider));
    const { kind, status, hint } = failure;
    const said = { ...(hint !== undefined && { hint }), ...(status !== undefined && { status }) };
    this.#emit('failure', { error: kind, ...said, attempts: this.#attempts.length, queuedMs: this.#queuedMs, ms: this.#elapsedMs() });
    return failure;
  }

  #withAttempts(failure: LlmError): LlmError {
    return this.#attempts.length > 0 ? failure.with({ attempts: this.#attempts }) : failure;
  }

  #emit<N extends keyof RequestEvents>(name: N, facts: Omit<RequestEvents[N], keyof About> & Partial<About>): void {
    if (bus.has(name)) bus.emit(name, { ...this.#about, ...facts } as RequestEvents[N] & LlmEvents[N]);
  }

  #elapsedMs(): number {
    return performance.now() - this.#started;
  }
}

function newBackoff({ retryBaseMs, retryMaxMs }: Limits) {
  return new ExponentialBackoff({ initialDelay: retryBaseMs, maxDelay: Math.max(retryBaseMs, retryMaxMs) }).next();
}
