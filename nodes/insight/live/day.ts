/** Today, by the clock of the place where the server is. */
export class Today {
  #begin = 0;
  #end = 0;

  constructor() {
    this.#set();
  }

  /** When it began, in ms since the epoch. */
  get begin(): number {
    return this.#begin;
  }

  /** True once, when another day has come. */
  hasTurned(): boolean {
    const now = Date.now();
    if (now >= this.#begin && now < this.#end) return false;
    this.#set();
    return true;
  }

  #set(): void {
    const date = new Date(Date.now());
    const midnight = (days: number) => new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
    this.#begin = midnight(0);
    // Not every day has 24 hours.
    this.#end = midnight(1);
  }
}
