/** Several rankings of passages made one. */

/** Of the paper; how much the first ranks count over the later ones. */
const k = 60;

/**
 * Reciprocal rank fusion: each ranking gives the item at its rank, counted from 1, `1 / (k + rank)`, and the sums order them. Only ranks
 * count, so that scores of different kinds need not be compared. Items are the same by their keys; of the same ones the first is given
 * back, and where the sums are the same, who comes first in the rankings goes first.
 * Source: Cormack, Clarke & Büttcher, Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods, SIGIR 2009.
 */
export function fuse<Item>(rankings: ReadonlyArray<readonly Item[]>, keyOf: (item: Item) => string): Item[] {
  const fused = new Map<string, { item: Item; sum: number }>();
  for (const ranking of rankings) {
    const seen = new Set<string>();
    for (const item of ranking) {
      const key = keyOf(item);
      if (seen.has(key)) continue;
      seen.add(key);
      const entry = fused.get(key) ?? { item, sum: 0 };
      entry.sum += 1 / (k + seen.size);
      fused.set(key, entry);
    }
  }
  return [...fused.values()].sort((a, b) => b.sum - a.sum).map(({ item }) => item);
}
