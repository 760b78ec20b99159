/** Members of a pool, and how often each was taken. */
import type { Member } from '../../nodes/core/balancing.ts';

export interface TestMember extends Member {
  busy: number;
  latencyMs: number | undefined;
}

/** A member for each weight, named a, b, c … */
export function membersOf(...weights: number[]): TestMember[] {
  return weights.map((weight, row) => ({ name: String.fromCodePoint(97 + row), weight, busy: 0, latencyMs: undefined }));
}

/** Those with these names, in order. */
export function only(all: TestMember[], names: string): TestMember[] {
  return all.filter(({ name }) => names.includes(name));
}

/** The names that so many requests get, as one text. */
export function picks(count: number, pick: () => Member): string {
  return Array.from({ length: count }, () => pick().name).join('');
}

export function countsOf(names: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Random numbers that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How far counts are from the shares that weights promise. */
export function chiSquare(counts: Map<string, number>, members: Member[]): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const weights = members.reduce((sum, { weight }) => sum + weight, 0);
  return members.reduce((sum, { name, weight }) => {
    const expected = (total * weight) / weights;
    return sum + ((counts.get(name) ?? 0) - expected) ** 2 / expected;
  }, 0);
}

/** 3 degrees of freedom: chance alone goes over this once in a thousand times. */
export const chiSquareOfFour = 16.27;

export const keys = Array.from({ length: 10_000 }, (_, number) => `session-${number}`);
