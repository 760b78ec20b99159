/** In how many passages terms stand. Counting is dear for common terms, and the counts change slowly, so what was counted holds for a while. */

const ageMs = 60_000;
const maxTerms = 20_000;

export class FrequencyCache {
  readonly #counts = new Map<string, { readonly count: number; readonly until: number }>();

  get(term: string): number | undefined {
    const known = this.#counts.get(term);
    return known && known.until > performance.now() ? known.count : undefined;
  }

  /** The count again. What is nowhere is not kept: it may be put at any time, by anyone. */
  keep(term: string, count: number): number {
    if (this.#counts.size >= maxTerms) this.#counts.clear();
    if (count > 0) this.#counts.set(term, { count, until: performance.now() + ageMs });
    return count;
  }

  clear(): void {
    this.#counts.clear();
  }
}
