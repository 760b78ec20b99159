/** A window that slides over the last minutes or hours, in a few steps: what is in it, in a memory that does not grow. */

/** So many steps: the window's length is exact to a twelfth. */
const steps = 12;

export class SlidingWindow<Slot> {
  readonly #stepMs: number;
  readonly #create: () => Slot;
  readonly #slots: Array<{ step: number; slot: Slot }> = [];

  constructor(windowMs: number, create: () => Slot) {
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

  #step(): number {
    return Math.floor(performance.now() / this.#stepMs);
  }

  #dropOld(step: number): void {
    while ((this.#slots[0]?.step ?? step) <= step - steps) this.#slots.shift();
  }
}
