/** The best of many, without sorting all of them. */

export interface Scored<Item> {
  readonly item: Item;
  readonly score: number;
}

/** Keeps the `limit` best of what is offered, in a heap whose root is the worst of them. Of equals the earlier one stays. */
export class Top<Item> {
  readonly #limit: number;
  readonly #items: Item[] = [];
  readonly #scores: number[] = [];

  constructor(limit: number) {
    this.#limit = Math.max(0, limit);
  }

  /** What does not score higher than this need not be offered. */
  get threshold(): number {
    if (this.#limit === 0) return Infinity;
    return this.#scores.length < this.#limit ? -Infinity : (this.#scores[0] as number);
  }

  offer(item: Item, score: number): void {
    if (!(score > this.threshold)) return;
    if (this.#scores.length < this.#limit) {
      this.#items.push(item);
      this.#scores.push(score);
      this.#rise(this.#scores.length - 1);
    } else {
      this.#items[0] = item;
      this.#scores[0] = score;
      this.#sink();
    }
  }

  /** Best first. */
  sorted(): Array<Scored<Item>> {
    return this.#items.map((item, at) => ({ item, score: this.#scores[at] as number })).sort((a, b) => b.score - a.score);
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      if (left >= this.#scores.length) return;
      const worst = right < this.#scores.length && this.#isWorse(right, left) ? right : left;
      if (!this.#isWorse(worst, at)) return;
      this.#swap(worst, at);
      at = worst;
    }
  }

  #isWorse(one: number, other: number): boolean {
    return (this.#scores[one] as number) < (this.#scores[other] as number);
  }

  #swap(one: number, other: number): void {
    [this.#items[one], this.#items[other]] = [this.#items[other] as Item, this.#items[one] as Item];
    [this.#scores[one], this.#scores[other]] = [this.#scores[other] as number, this.#scores[one] as number];
  }
}
