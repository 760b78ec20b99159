/** A bounded line for those who wait until something is free: the higher priority comes first, else the earlier arrival. */
import type { LlmError } from './errors.ts';

export interface Waiter<Grant> {
  /** The higher goes first. */
  readonly priority: number;
  /** Its reason is what a waiter that leaves fails with. */
  readonly signal: AbortSignal;
  /** How long it waits at most; none or 0: no limit of its own. */
  readonly timeoutMs?: number;
  /** What it waits for, where that is to be had now; undefined to go on waiting. What it throws turns the waiter away. */
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
  waits: boolean;
}

export class WaitingLine<Grant> {
  readonly #options: WaitingLineOptions;
  /** Sorted: who goes next comes first. */
  readonly #line: Array<Entry<Grant>> = [];
  /** How many each call of {@link serve} that is not done yet lets go at most. */
  readonly #calls: number[] = [];
  /** Whose `tryGrant` is running. */
  #trying: Entry<Grant> | undefined;

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
        onAbort: () => {
          // What it may be getting right now must not be lost.
          if (entry !== this.#trying) this.#turnAway(entry, signal.reason as Error);
        },
        resolve,
        reject,
        waits: true,
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
    this.#calls.push(atMost);
    // A call out of tryGrant or a listener: the walk under way is followed by another.
    if (this.#calls.length > 1) return;
    for (const most of this.#calls) this.#walk(most);
    this.#calls.length = 0;
  }

  #walk(atMost: number): void {
    let gone = 0;
    // A copy, for the line may change with each step.
    for (const entry of this.#line.slice()) {
      if (gone >= atMost) return;
      if (entry.waits && this.#letGo(entry)) gone++;
    }
  }

  #letGo(entry: Entry<Grant>): boolean {
    const { waiter } = entry;
    try {
      this.#trying = entry;
      // Its signal's listener may not have had its turn yet.
      const grant = waiter.signal.aborted ? undefined : waiter.tryGrant();
      if (grant !== undefined) {
        this.#remove(entry);
        entry.resolve(grant);
        return true;
      }
      if (waiter.signal.aborted) this.#turnAway(entry, waiter.signal.reason as Error);
    } catch (error) {
      this.#turnAway(entry, error as Error);
    } finally {
      this.#trying = undefined;
    }
    return false;
  }

  #turnAway(entry: Entry<Grant>, error: Error): void {
    this.#remove(entry);
    entry.reject(error);
  }

  #remove(entry: Entry<Grant>): void {
    entry.waits = false;
    clearTimeout(entry.timer);
    entry.waiter.signal.removeEventListener('abort', entry.onAbort);
    this.#line.splice(this.#line.indexOf(entry), 1);
  }
}
