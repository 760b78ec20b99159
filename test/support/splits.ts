/** A stream of bytes cut into pieces, for statements that must hold wherever the network cuts it. */
import fc from 'fast-check';

/** The pieces between the given positions; empty ones are left out. */
export async function* piecesOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const end of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    if (end > start) yield bytes.subarray(start, end);
    start = Math.max(start, end);
  }
}

/** Each single position. */
export function singleCuts(length: number): number[][] {
  return Array.from({ length: length + 1 }, (_, at) => [at]);
}

/** Each pair of positions: for short streams, as there are many. */
export function doubleCuts(length: number): number[][] {
  return singleCuts(length).flatMap(([first = 0]) => singleCuts(length - first).map(([distance = 0]) => [first, first + distance]));
}

/** Any number of positions, and every one of them at once. */
export function anyCuts(length: number): fc.Arbitrary<number[]> {
  const everywhere = fc.constant(Array.from({ length }, (_, at) => at));
  return fc.oneof({ weight: 20, arbitrary: fc.array(fc.nat(length), { maxLength: 60 }) }, { weight: 1, arbitrary: everywhere });
}

/** All that an iteration yields, as one list. */
export async function flatten<T>(pieces: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const items of pieces) all.push(...items);
  return all;
}
