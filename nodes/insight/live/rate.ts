/** How much comes in a second, over the last ten. */

const seconds = 10;
/** One more, which is under way. */
const slots = seconds + 1;

export class Rate {
  /** By second, in a ring. */
  readonly #amounts = new Float64Array(slots);
  #second = currentSecond();

  /** What is told of when it is over, but came over the last `ms`, counts for the seconds in which it came. */
  add(amount: number, ms = 0): void {
    this.#moveOn();
    const spread = Math.floor(ms / 1000) + 1;
    for (let back = 0; back < Math.min(spread, slots); back++) this.#amounts[slotOf(this.#second - back)]! += amount / spread;
  }

  perSecond(): number {
    this.#moveOn();
    const begun = performance.now() / 1000 - this.#second;
    return this.#amounts.reduce((sum, amount) => sum + amount, 0) / (seconds + begun);
  }

  #moveOn(): void {
    const now = currentSecond();
    for (let second = Math.max(this.#second, now - slots) + 1; second <= now; second++) this.#amounts[slotOf(second)] = 0;
    this.#second = now;
  }
}

function currentSecond(): number {
  return Math.floor(performance.now() / 1000);
}

function slotOf(second: number): number {
  return (second + slots) % slots;
}
