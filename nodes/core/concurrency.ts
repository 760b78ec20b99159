/** Many pieces of work, a few at a time. */

export interface ConcurrencyOptions {
  /** How many are under way at once, at most. */
  readonly limit: number;
  /** Its reason is what the whole fails with. */
  readonly signal: AbortSignal;
}

/**
 * The results in the order of the items. The first failure aborts the signal that `map` gets, nothing new begins, and the whole fails
 * with it when all that was under way has ended: nothing goes on in the background.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  { limit, signal }: ConcurrencyOptions,
  map: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  signal.throwIfAborted();
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const results: Result[] = [];
  const entries = items.entries();
  const work = async () => {
    for (const [index, item] of entries) {
      if (either.aborted) return;
      results[index] = await map(item, either);
    }
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, () => work().catch((error: unknown) => failed.abort(error)));
  await Promise.all(workers);
  either.throwIfAborted();
  return results;
}
