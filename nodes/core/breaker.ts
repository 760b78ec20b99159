/** Leaves a backend alone that fails again and again, and tries it with one request after a while. Built on cockatiel. */
import { circuitBreaker, type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel';
import { type FailureKind, isLlmError, LlmError, policyFor } from './errors.ts';
import type { BreakerState } from './events.ts';

export interface BreakerOptions {
  /** Failures in a row that open it; 0 switches it off. */
  failures: number;
  openMs: number;
  provider?: string;
  /** Which kinds of failure count; those that trip a breaker without it. */
  counts?: (kind: FailureKind) => boolean;
  onChange: (state: BreakerState) => void;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #policy: CircuitBreakerPolicy | undefined;
  #isTripped = false;
  #openedAt = 0;
  /** What the last probe failed with. */
  #probeError: unknown;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#policy = this.#newPolicy();
  }

  get state(): BreakerState {
    if (this.#isTripped) return 'open';
    return this.#policy ? readState(this.#policy.state) : 'closed';
  }

  /** True where it was opened by hand. */
  get isTripped(): boolean {
    return this.#isTripped;
  }

  /** Opens it by hand, also where it is switched off: it stays open until it is reset. */
  trip(): void {
    this.#change(() => (this.#isTripped = true));
  }

  /** Closes it, whatever opened it. What is under way does not count for it any more. */
  reset(): void {
    this.#change(() => {
      this.#isTripped = false;
      this.#policy = this.#newPolicy();
    });
  }

  /** How long an attempt will be refused; 0 where it may be tried. */
  get remainingMs(): number {
    if (this.#isTripped) return Infinity;
    return this.state === 'open' ? Math.max(0, this.#openedAt + this.#options.openMs - Date.now()) : 0;
  }

  /** True while an attempt will be refused: it is open, or its probe is under way. */
  get isRefusing(): boolean {
    return this.state === 'half_open' || this.remainingMs > 0;
  }

  /** Runs one attempt. @throws LlmError `circuit_open` without running it while the breaker is open or its probe is under way. */
  async execute<T>(attempt: () => Promise<T>): Promise<T> {
    if (this.#isTripped) throw this.#refusal('The breaker was opened by hand.', 'Reset it in the LLM sidebar of the editor.');
    if (!this.#policy) return attempt();
    const { state, remainingMs, isRefusing } = this;
    // cockatiel lets requests wait for a probe's end; a probe may take minutes here, and another branch may be free.
    if (isRefusing) {
      throw this.#refusal('The breaker is open.', 'The backend failed several times in a row. It is tried again by itself; look into its log meanwhile.', remainingMs);
    }
    return this.#policy.execute(state === 'open' ? () => this.#probe(attempt) : attempt);
  }

  #newPolicy(): CircuitBreakerPolicy | undefined {
    const { failures, openMs } = this.#options;
    if (failures === 0) return undefined;
    const policy = circuitBreaker(handleWhen((error) => this.#counts(error)), { halfOpenAfter: openMs, breaker: new ConsecutiveBreaker(failures) });
    policy.onStateChange((state) => {
      // What began before a reset tells of the past.
      if (policy !== this.#policy) return;
      if (state === CircuitState.Open) this.#openedAt = Date.now();
      if (!this.#isTripped) this.#options.onChange(readState(state));
    });
    return policy;
  }

  #change(change: () => void): void {
    const before = this.state;
    change();
    if (this.state !== before) this.#options.onChange(this.state);
  }

  #refusal(message: string, hint: string, retryAfterMs?: number): LlmError {
    return new LlmError('circuit_open', message, { provider: this.#options.provider, retryAfterMs, hint });
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
    const { counts = (kind) => policyFor(kind).tripsBreaker } = this.#options;
    return counts(error.kind) || (probing && error.kind === 'cancelled');
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
