/** Asks again and again while somebody looks, and never twice at a time. */

export interface PollingOptions {
  /** Asks once; it is over when the promise is. */
  readonly ask: () => Promise<void>;
  readonly isWanted: () => boolean;
  /** From one question to the next, at least. */
  readonly everyMs: number;
  /** After failures it waits longer and longer, at most so long. */
  readonly mostMs: number;
  /** Called with what the last question failed with, and with undefined when one is answered. */
  readonly failed: (error: unknown) => void;
  /** Called before the first question after a pause or a failure: what is known may be old. */
  readonly resumed: () => void;
}

export class Polling {
  readonly #options: PollingOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #failures = 0;
  #isFresh = false;

  constructor(options: PollingOptions) {
    this.#options = options;
  }

  /** To be called whenever it may have become wanted, or when an answer is wanted now. */
  wake(): void {
    if (this.#isAsking || !this.#options.isWanted()) return;
    clearTimeout(this.#timer);
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const { ask, failed, resumed, everyMs } = this.#options;
    if (!this.#isFresh) resumed();
    this.#isAsking = true;
    const since = performance.now();
    try {
      await ask();
      this.#failures = 0;
      failed(undefined);
    } catch (error) {
      this.#failures++;
      failed(error);
    }
    this.#isAsking = false;
    this.#isFresh = this.#failures === 0;
    this.#wait(this.#isFresh ? Math.max(0, everyMs - (performance.now() - since)) : this.#patience());
  }

  #patience(): number {
    return Math.min(this.#options.mostMs, this.#options.everyMs * 2 ** this.#failures);
  }

  /** Nothing runs where nobody looks: {@link wake} goes on then. */
  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      if (this.#options.isWanted()) void this.#ask();
      else this.#isFresh = false;
    }, ms);
  }
}
