/**
 * A backend without Node-RED: takes requests, keeps the limits, tries and retries, and says on the bus what happens.
 * The order is: deadline around a place in the queue around retries around the breaker around one attempt.
 */
import { Run, type Shared } from './backend-run.ts';
import { Breaker } from './breaker.ts';
import type { ModelClient } from './client.ts';
import type { BackendIdentity, Completion, Cost, TokenSink, Usage } from './completion.ts';
import type { FailureKind } from './errors.ts';
import { bus, type BreakerState } from './events.ts';
import type { Limits } from './limits.ts';
import { Places } from './places.ts';
import type { CompletionRequest } from './request.ts';

export interface BackendOptions {
  identity: BackendIdentity;
  client: ModelClient;
  limits: Limits;
  /** The model where a request names none. */
  model: string;
  cost?: (usage: Usage, model: string) => Cost | undefined;
  onBreaker?: (state: BreakerState) => void;
}

export interface CompleteOptions {
  /** The caller's: its reason is the LlmError to fail with. */
  signal?: AbortSignal;
  sink?: TokenSink;
  /** When the answer must be there at the latest, on the clock of `performance.now`. */
  deadline?: number;
  /** Whether a failure of this kind would lead on to another backend that is free now. */
  hasAlternative?: (kind: FailureKind) => boolean;
  /** The id of the attempt in a stage's branch that it belongs to, for those who listen. */
  parent?: string | undefined;
  /** That of the request, for those who listen; without one it gets its own. */
  id?: string | undefined;
}

export class Backend {
  readonly #shared: Shared;

  constructor(options: BackendOptions) {
    const { limits, identity, client } = options;
    const provider = client.provider.id;
    const breaker = new Breaker({
      failures: limits.breakerFailures,
      openMs: limits.breakerOpenMs,
      provider,
      onChange: (state) => {
        bus.emit('breaker', { backend: identity, provider, state });
        options.onBreaker?.(state);
      },
    });
    this.#shared = { ...options, places: new Places(limits.maxConcurrent, limits.maxQueued), breaker, coolUntil: -Infinity };
  }

  get busy(): number {
    return this.#shared.places.busy;
  }

  get waiting(): number {
    return this.#shared.places.waiting;
  }

  get breakerState(): BreakerState {
    return this.#shared.breaker.state;
  }

  /** True where the breaker was opened by hand. */
  get isTripped(): boolean {
    return this.#shared.breaker.isTripped;
  }

  /** True while the provider wants to be left alone. */
  get isPaused(): boolean {
    return this.#shared.coolUntil > performance.now();
  }

  /** Opens the breaker by hand. */
  trip(): void {
    this.#shared.breaker.trip();
  }

  /** Closes the breaker, whatever opened it, and ends the pause that the provider asked for. */
  reset(): void {
    this.#shared.coolUntil = -Infinity;
    this.#shared.breaker.reset();
  }

  /** Why a request would be turned away without being tried: the breaker is open or probing, or the provider asked for a pause. */
  get refusal(): 'circuit_open' | 'rate_limit' | undefined {
    if (this.#shared.breaker.isRefusing) return 'circuit_open';
    return this.isPaused ? 'rate_limit' : undefined;
  }

  /** Resolves with the whole answer. @throws LlmError */
  complete(request: CompletionRequest, options: CompleteOptions = {}): Promise<Completion> {
    return new Run(this.#shared, request, options).complete();
  }
}
