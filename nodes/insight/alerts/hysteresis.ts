/** When an alert fires and when it is over: a value that swings around its bound must not make one of each swing. */

export interface HysteresisOptions {
  /** It fires above. */
  readonly above: number;
  /** It is over at this or below: a little less than `above`. */
  readonly below: number;
  /** For how long the value must be above. */
  readonly forMs: number;
  /** For how long it must be below again. */
  readonly holdMs: number;
}

export class Hysteresis {
  readonly #options: HysteresisOptions;
  #isFiring = false;
  /** Since when the value has been on the other side without a break, on the clock of `performance.now`. */
  #since: number | undefined;
  #lastAbove = 0;

  constructor(options: HysteresisOptions) {
    this.#options = options;
  }

  get isFiring(): boolean {
    return this.#isFiring;
  }

  /** Takes the value of now; undefined where there is none, as of a percentile of no requests. */
  update(value: number | undefined): 'fired' | 'resolved' | undefined {
    const now = performance.now();
    return this.#isFiring ? this.#whileFiring(value, now) : this.#whileQuiet(value, now);
  }

  #whileQuiet(value: number | undefined, now: number): 'fired' | undefined {
    const { above, forMs } = this.#options;
    // No value is no proof of anything, unless it lasts.
    if (value === undefined && now - this.#lastAbove <= forMs) return undefined;
    if (value === undefined || value <= above) {
      this.#since = undefined;
      return undefined;
    }
    this.#lastAbove = now;
    this.#since ??= now;
    if (now - this.#since < forMs) return undefined;
    this.#turn(true);
    return 'fired';
  }

  #whileFiring(value: number | undefined, now: number): 'resolved' | undefined {
    const { below, holdMs } = this.#options;
    if (value !== undefined && value > below) {
      this.#since = undefined;
      return undefined;
    }
    this.#since ??= now;
    if (now - this.#since < holdMs) return undefined;
    this.#turn(false);
    return 'resolved';
  }

  #turn(isFiring: boolean): void {
    this.#isFiring = isFiring;
    this.#since = undefined;
  }
}
