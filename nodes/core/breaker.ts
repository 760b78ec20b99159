/** Leaves a backend alone that fails again and again, and tries it with one request after a while. */
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

/** Its time is that of `performance.now`: a clock that is set leaves it alone. */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  #isTripped = false;
  #openedAt = 0;
  /** In a row. */
  #failures = 0;
  #resets = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#isTripped ? 'open' : this.#state;
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
    this.#resets++;
    this.#failures = 0;
    this.#change(() => {
      this.#isTripped = false;
      this.#state = 'closed';
    });
  }

  /** How long an attempt will be refused; 0 where it may be tried. */
  get remainingMs(): number {
    if (this.#isTripped) return Infinity;
    return this.#state === 'open' ? Math.max(0, Math.ceil(this.#openedAt + this.#options.openMs - performance.now())) : 0;
  }

  /** True while an attempt will be refused: it is open, or its probe is under way. */
  get isRefusing(): boolean {
    return this.state === 'half_open' || this.remainingMs > 0;
  }

  /** Runs one attempt. @throws LlmError `circuit_open` without running it while the breaker is open or its probe is under way. */
  async execute<T>(attempt: () => Promise<T>): Promise<T> {
    if (this.#isTripped) throw this.#refusal('The breaker was opened by hand.', 'Reset it in the LLM sidebar of the editor.');
    if (this.#options.failures === 0) return attempt();
    // A probe may take minutes, and another branch may be free: nobody waits for its end.
    if (this.isRefusing) {
      throw this.#refusal('The breaker is open.', 'The backend failed several times in a row. It is tried again by itself; look into its log meanwhile.', this.remainingMs);
    }
    const isProbe = this.#state === 'open';
    if (isProbe) this.#become('half_open');
    const resets = this.#resets;
    const ended = (error?: unknown) => {
      // What began before a reset tells of the past.
      if (resets === this.#resets) this.#heed(isProbe, error);
    };
    try {
      const answer = await attempt();
      ended();
      return answer;
    } catch (error) {
      ended(error);
      throw error;
    }
  }

  /** `error` is undefined for a success. */
  #heed(isProbe: boolean, error: unknown): void {
    const isFailure = error !== undefined && this.#counts(error);
    if (isProbe) {
      // A cancelled probe has proved nothing: it stays open.
      this.#become(isFailure || (isLlmError(error) && error.kind === 'cancelled') ? 'open' : 'closed');
    } else if (this.#state === 'closed') {
      if (error === undefined) this.#failures = 0;
      else if (isFailure && ++this.#failures >= this.#options.failures) this.#become('open');
    }
    // What began before it opened tells of the past.
  }

  #counts(error: unknown): boolean {
    const { counts = (kind) => policyFor(kind).tripsBreaker } = this.#options;
    return !isLlmError(error) || counts(error.kind);
  }

  #become(state: BreakerState): void {
    this.#failures = 0;
    if (state === 'open') this.#openedAt = performance.now();
    this.#change(() => (this.#state = state));
  }

  #change(change: () => void): void {
    const before = this.state;
    change();
    if (this.state !== before) this.#options.onChange(this.state);
  }

  #refusal(message: string, hint: string, retryAfterMs?: number): LlmError {
    return new LlmError('circuit_open', message, { provider: this.#options.provider, retryAfterMs, hint });
  }
}
