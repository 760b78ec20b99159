/** A window that slides over the last minutes or hours, in a few steps: what is in it, in a memory that does not grow. */

export class SlidingWindow<Slot> {
  readonly #steps: number;
  readonly #stepMs: number;
  readonly #create: () => Slot;
  readonly #slots: Array<{ step: number; slot: Slot }> = [];

  /** The window's length is exact to one of its steps. */
  constructor(windowMs: number, create: () => Slot, steps = 12) {
    this.#steps = steps;
    this.#stepMs = windowMs / steps;
    this.#create = create;
  }

  /** Where what happens now is put. */
  current(): Slot {
    const step = this.#step();
    const last = this.#slots.at(-1);
    if (last?.step === step) return last.slot;
    const slot = this.#create();
    this.#slots.push({ step, slot });
    this.#dropOld(step);
    return slot;
  }

  /** All that are in the window now. */
  live(): Slot[] {
    this.#dropOld(this.#step());
    return this.#slots.map(({ slot }) => slot);
  }

  /** One for each step, the oldest first; undefined where nothing was put. The last one is under way. */
  series(): Array<Slot | undefined> {
    const last = this.#step();
    this.#dropOld(last);
    const series = Array<Slot | undefined>(this.#steps).fill(undefined);
    for (const { step, slot } of this.#slots) series[this.#steps - 1 - (last - step)] = slot;
    return series;
  }

  #step(): number {
    return Math.floor(performance.now() / this.#stepMs);
  }

  #dropOld(step: number): void {
    while ((this.#slots[0]?.step ?? step) <= step - this.#steps) this.#slots.shift();
  }
}
