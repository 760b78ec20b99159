/** Chance that a seed decides, so that what a test has met can be met again: `SEED=… npm test …`. */
import type { TestContext } from 'node:test';
import { seeded } from './members.ts';

export class Chance {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  /** A whole number below `most`. */
  below(most: number): number {
    return Math.floor(this.random() * most);
  }

  /** True once in so many times; Infinity for never. */
  oneIn(times: number): boolean {
    return this.random() * times < 1;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  list<Item>(length: number, make: (index: number) => Item): Item[] {
    return Array.from({ length }, (_, index) => make(index));
  }
}

/** These seeds and so many more, new ones in each run; or the one of the environment. */
export function seeds(known: readonly number[], more: number): number[] {
  const given = process.env['SEED'];
  return given === undefined ? [...known, ...Array.from({ length: more }, () => Math.floor(Math.random() * 2 ** 31))] : [Number(given)];
}

/** Lets the nodes under test draw from this chance until the test ends. A mock would remember each time. */
export function rule(t: TestContext, random: () => number): void {
  const before = Math.random;
  Math.random = random;
  t.after(() => (Math.random = before));
}
