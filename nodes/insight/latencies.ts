/**
 * Durations and their percentiles, about one percent exact, in a memory that does not grow. Only buckets that hold something take room:
 * hundreds of these stand beside each other, one for each step of a window, where a native histogram takes 24 KB each.
 */

/** Shorter or longer ones count as these, in ms: a day is the longest. */
const shortestMs = 0.1;
const longestMs = 86_400_000;

/** Of a bucket, as a logarithm: two percent. */
const width = Math.log(1.02);

export class Latencies {
  readonly #buckets = new Map<number, number>();
  #count = 0;
  #least = Infinity;
  #most = 0;

  get count(): number {
    return this.#count;
  }

  record(ms: number): void {
    const bounded = Math.min(longestMs, Math.max(shortestMs, ms));
    this.#put(Math.round(Math.log(bounded) / width), 1);
    this.#stretch(bounded, bounded);
  }

  add(other: Latencies): void {
    for (const [bucket, count] of other.#buckets) this.#put(bucket, count);
    this.#stretch(other.#least, other.#most);
  }

  /** In ms, such as `percentile(95)`; undefined where nothing was recorded. */
  percentile(percent: number): number | undefined {
    let left = Math.max(1, Math.ceil((this.#count * percent) / 100));
    for (const [bucket, count] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      left -= count;
      // The middle of a bucket may be where nothing was.
      if (left <= 0) return Math.min(this.#most, Math.max(this.#least, Math.exp(bucket * width)));
    }
    return undefined;
  }

  #put(bucket: number, count: number): void {
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + count);
    this.#count += count;
  }

  #stretch(least: number, most: number): void {
    this.#least = Math.min(this.#least, least);
    this.#most = Math.max(this.#most, most);
  }
}
