/**
 * A bounded number of places, and a bounded queue for those who wait for one.
 * cockatiel's bulkhead keeps a cancelled entry in its queue and lets newcomers overtake; this one does neither.
 */
import { LlmError } from './errors.ts';

interface Waiting {
  priority: number;
  admit: () => void;
}

export class Places {
  #busy = 0;
  /** Sorted: who goes next comes first. */
  readonly #waiting: Waiting[] = [];
  readonly #limit: number;
  readonly #maxWaiting: number;

  /** A `limit` of 0 means no bound. */
  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit === 0 ? Infinity : limit;
    this.#maxWaiting = maxWaiting;
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a place at once where one is free. Whoever gets true must call {@link leave}. */
  tryEnter(): boolean {
    if (this.#busy >= this.#limit) return false;
    this.#busy++;
    return true;
  }

  /**
   * Waits for a place: the higher priority first, else the earlier arrival. Whoever gets one must call {@link leave}.
   * @throws LlmError `shed` where the queue is full, or the signal's reason where it aborts first.
   */
  wait(priority: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#waiting.length >= this.#maxWaiting) {
      return Promise.reject(
        new LlmError('shed', `The queue is full: ${this.#busy} requests are running and ${this.#waiting.length} wait.`, {
          hint: 'Raise Most waiting or Most at once under Limits, or send requests more slowly.',
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal.reason as Error);
      };
      const entry: Waiting = {
        priority,
        admit: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const at = this.#waiting.findLastIndex((other) => other.priority >= priority) + 1;
      this.#waiting.splice(at, 0, entry);
    });
  }

  leave(): void {
    const next = this.#waiting.shift();
    // The place passes to the one who waited longest, so a newcomer cannot slip in between.
    if (next) next.admit();
    else this.#busy--;
  }
}
