/** A bounded line for those who wait until something is free: the higher priority comes first, else the earlier arrival. */
import type { LlmError } from './errors.ts';

export interface Waiter<Grant> {
  /** The higher goes first. */
  readonly priority: number;
  /** Its reason is what a waiter that leaves fails with. */
  readonly signal: AbortSignal;
  /** How long it waits at most; none or 0: no limit of its own. */
  readonly timeoutMs?: number;
  /** What it waits for, where that is to be had now; undefined to go on waiting. What it throws turns the waiter away. It leaves the line itself alone. */
  tryGrant(): Grant | undefined;
}

export interface WaitingLineOptions {
  maxWaiting: number;
  /** What a newcomer fails with when so many wait already. */
  full: () => LlmError;
  /** What a waiter fails with whose time is over. */
  late: (timeoutMs: number) => LlmError;
}

/** A waiter's place in the line, and how its waiting ends. */
interface Entry<Grant> {
  readonly waiter: Waiter<Grant>;
  readonly timer: NodeJS.Timeout | undefined;
  readonly onAbort: () => void;
  readonly resolve: (grant: Grant) => void;
  readonly reject: (error: Error) => void;
}

export class WaitingLine<Grant> {
  readonly #options: WaitingLineOptions;
  /** Sorted: who goes next comes first. */
  readonly #line: Array<Entry<Grant>> = [];

  constructor(options: WaitingLineOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#line.length;
  }

  /**
   * Only queues: try first, or call {@link serve} afterwards.
   * @throws LlmError of `full` or `late`, the signal's reason where it aborts first, or what `tryGrant` throws.
   */
  wait(waiter: Waiter<Grant>): Promise<Grant> {
    const { priority, signal, timeoutMs } = waiter;
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#line.length >= this.#options.maxWaiting) return Promise.reject(this.#options.full());
    return new Promise((resolve, reject) => {
      const entry: Entry<Grant> = {
        waiter,
        timer: timeoutMs ? setTimeout(() => this.#turnAway(entry, this.#options.late(timeoutMs)), timeoutMs) : undefined,
        onAbort: () => this.#turnAway(entry, signal.reason as Error),
        resolve,
        reject,
      };
      signal.addEventListener('abort', entry.onAbort, { once: true });
      const at = this.#line.findLastIndex((other) => other.waiter.priority >= priority) + 1;
      this.#line.splice(at, 0, entry);
    });
  }

  /**
   * To be called when something has become free: lets all go that can, in order. One that cannot does not hold up those behind it.
   * A caller that knows how many can go says so with `atMost`: the others need not be asked then.
   */
  serve(atMost = Infinity): void {
    let gone = 0;
    for (let at = 0; at < this.#line.length && gone < atMost; ) {
      const entry = this.#line[at] as Entry<Grant>;
      try {
        const grant = entry.waiter.tryGrant();
        if (grant === undefined) {
          at++;
          continue;
        }
        this.#remove(entry);
        entry.resolve(grant);
        gone++;
      } catch (error) {
        this.#turnAway(entry, error as Error);
      }
    }
  }

  #turnAway(entry: Entry<Grant>, error: Error): void {
    this.#remove(entry);
    entry.reject(error);
  }

  #remove(entry: Entry<Grant>): void {
    clearTimeout(entry.timer);
    entry.waiter.signal.removeEventListener('abort', entry.onAbort);
    this.#line.splice(this.#line.indexOf(entry), 1);
  }
}
