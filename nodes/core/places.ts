/**
 * A bounded number of places, and a bounded queue for those who wait for one.
 * cockatiel's bulkhead keeps a cancelled entry in its queue and lets newcomers overtake; this one does neither.
 */
import { LlmError } from './errors.ts';
import { WaitingLine } from './waiting-line.ts';

export class Places {
  #busy = 0;
  readonly #line: WaitingLine<true>;
  readonly #limit: number;

  /** A `limit` of 0 means no bound. */
  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit === 0 ? Infinity : limit;
    this.#line = new WaitingLine({ maxWaiting, full: () => this.#full(), late: () => this.#full() });
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#line.length;
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
  async wait(priority: number, signal: AbortSignal): Promise<void> {
    await this.#line.wait({ priority, signal, tryGrant: () => this.tryEnter() || undefined });
  }

  leave(): void {
    this.#busy--;
    // In the same breath, so a newcomer cannot slip in between.
    this.#line.serve(1);
  }

  #full(): LlmError {
    return new LlmError('shed', `The queue is full: ${this.#busy} requests are running and ${this.waiting} wait.`, {
      hint: 'Raise Most waiting or Most at once under Limits, or send requests more slowly.',
    });
  }
}
