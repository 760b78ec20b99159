/** When a server that has crashed is started again, and when that is given up. */
import { ExponentialBackoff, type IBackoff } from 'cockatiel';

export interface RestartOptions {
  /** Crashes in a row after which it is given up; 0 starts it never again. */
  readonly maxRestarts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A run that was ready and lasted this long was a good one: the count begins anew. */
  readonly goodRunMs: number;
}

export const restartDefaults: RestartOptions = { maxRestarts: 5, firstDelayMs: 1_000, maxDelayMs: 60_000, goodRunMs: 300_000 };

export class Restarts {
  #backoff: IBackoff<unknown> | undefined;
  #count = 0;

  /** In a row. */
  get count(): number {
    return this.#count;
  }

  reset(): void {
    this.#backoff = undefined;
    this.#count = 0;
  }

  /** How long to wait before the next start, in ms; undefined where it is given up. `readyForMs` is how long the run was ready that has crashed. */
  next(readyForMs: number, { maxRestarts, firstDelayMs, maxDelayMs, goodRunMs }: RestartOptions): number | undefined {
    if (readyForMs >= goodRunMs) this.reset();
    if (this.#count >= maxRestarts) return undefined;
    this.#count++;
    this.#backoff = this.#backoff?.next(undefined) ?? new ExponentialBackoff({ initialDelay: firstDelayMs, maxDelay: maxDelayMs }).next();
    return Math.max(this.#backoff.duration, firstDelayMs / 2);
  }
}
