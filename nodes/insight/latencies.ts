/** Durations and their percentiles, in a memory that does not grow: about one percent exact. */
import { createHistogram } from 'node:perf_hooks';

/** A day; what takes longer counts as that long. */
const longestMs = 86_400_000;

export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: longestMs, figures: 2 });

  get count(): number {
    return this.#histogram.count;
  }

  record(ms: number): void {
    this.#histogram.record(Math.min(longestMs, Math.max(1, Math.round(ms))));
  }

  add(other: Latencies): void {
    this.#histogram.add(other.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** In ms, such as `percentile(95)`; undefined where nothing was recorded. */
  percentile(percent: number): number | undefined {
    return this.count === 0 ? undefined : this.#histogram.percentile(percent);
  }
}
