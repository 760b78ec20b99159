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

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  list<Item>(length: number, make: (index: number) => Item): Item[] {
    return Array.from({ length }, (_, index) => make(index));
  }
}

/** So many seeds: new ones in each run, or the one of the environment. */
export function seeds(count: number): number[] {
  const given = process.env['SEED'];
  return given === undefined ? Array.from({ length: count }, () => Math.floor(Math.random() * 2 ** 31)) : [Number(given)];
}

/** Lets the nodes under test draw from the same chance. */
export function rule(t: TestContext, chance: Chance): void {
  t.mock.method(Math, 'random', chance.random);
}
