/** Leaves a backend alone that fails again and again, and tries it with one request after a while. Built on cockatiel. */
import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel';
import { isLlmError, LlmError, policyFor } from './errors.ts';
import type { BreakerState } from './events.ts';

export interface BreakerOptions {
  /** Failures in a row that open it; 0 switches it off. */
  failures: number;
  openMs: number;
  provider?: string;
  onChange: (state: BreakerState) => void;
}

export class Breaker {
  readonly #policy;
  readonly #options: BreakerOptions;
  #openedAt = 0;
  /** What the last probe failed with. */
  #probeError: unknown;

  constructor(options: BreakerOptions) {
    this.#options = options;
    if (options.failures === 0) return;
    this.#policy = circuitBreaker(handleWhen((error) => this.#counts(error)), {
      halfOpenAfter: options.openMs,
      breaker: new ConsecutiveBreaker(options.failures),
    });
    this.#policy.onStateChange((state) => {
      if (state === CircuitState.Open) this.#openedAt = Date.now();
      options.onChange(readState(state));
    });
  }

  get state(): BreakerState {
    return this.#policy ? readState(this.#policy.state) : 'closed';
  }

  /** How long an attempt will be refused; 0 where it may be tried. */
  get remainingMs(): number {
    return this.state === 'open' ? Math.max(0, this.#openedAt + this.#options.openMs - Date.now()) : 0;
  }

  /** True while an attempt will be refused: it is open, or its probe is under way. */
  get isRefusing(): boolean {
    return this.state === 'half_open' || this.remainingMs > 0;
  }

  /** Runs one attempt. @throws LlmError `circuit_open` without running it while the breaker is open or its probe is under way. */
  async execute<T>(attempt: () => Promise<T>): Promise<T> {
    if (!this.#policy) return attempt();
    const { state, remainingMs, isRefusing } = this;
    // cockatiel lets requests wait for a probe's end; a probe may take minutes here, and another branch may be free.
    if (isRefusing) {
      throw new LlmError('circuit_open', 'The breaker is open.', {
        provider: this.#options.provider,
        retryAfterMs: remainingMs,
        hint: 'The backend failed several times in a row. It is tried again by itself; look into its log meanwhile.',
      });
    }
    return this.#policy.execute(state === 'open' ? () => this.#probe(attempt) : attempt);
  }

  async #probe<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      this.#probeError = error;
      throw error;
    }
  }

  #counts(error: unknown): boolean {
    const probing = this.state === 'half_open';
    // What began before the probe tells of the past.
    if (probing && error !== this.#probeError) return false;
    if (!isLlmError(error)) return true;
    // A cancelled probe has proved nothing: stay open.
    return policyFor(error.kind).tripsBreaker || (probing && error.kind === 'cancelled');
  }
}

function readState(state: CircuitState): BreakerState {
  switch (state) {
    case CircuitState.Closed:
      return 'closed';
    case CircuitState.HalfOpen:
      return 'half_open';
    case CircuitState.Open:
    case CircuitState.Isolated:
      return 'open';
  }
}
