/**
 * Counters and histograms for prom-client's registry that take little time to count. prom-client's own build, check and hash the labels
 * twice over with each count, which would be most of what a monitor costs a request; the text for Prometheus remains the registry's.
 */
import type { Metric, Registry } from 'prom-client';

type Labels<Label extends string> = Readonly<Record<Label, string>>;

/** As the registry wants to be told. */
interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

interface FamilyOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  readonly registry: Registry;
}

/** Series by their labels, one level for each label: the texts are the same ones with each count, and need not be put together to be found. */
class Level<Series> {
  readonly #below = new Map<string, Level<Series>>();
  series: Series | undefined;

  below(value: string): Level<Series> {
    let level = this.#below.get(value);
    if (!level) this.#below.set(value, (level = new Level()));
    return level;
  }

  all(): Series[] {
    return [...(this.series === undefined ? [] : [this.series]), ...[...this.#below.values()].flatMap((level) => level.all())];
  }

  /** Returns whether anything is left. */
  prune(isKept: (series: Series) => boolean): boolean {
    if (this.series !== undefined && !isKept(this.series)) this.series = undefined;
    for (const [value, level] of this.#below) if (!level.prune(isKept)) this.#below.delete(value);
    return this.series !== undefined || this.#below.size > 0;
  }
}

abstract class Family<Label extends string, Series extends { readonly labels: Labels<Label> }> {
  abstract readonly type: 'counter' | 'histogram';
  readonly name: string;
  readonly #help: string;
  readonly #labelNames: readonly Label[];
  readonly #series = new Level<Series>();

  constructor({ name, help, labelNames, registry }: FamilyOptions<Label>) {
    this.name = name;
    this.#help = help;
    this.#labelNames = labelNames;
    registry.registerMetric(this as unknown as Metric);
  }

  /** Asked by the registry. */
  get(): Promise<object> {
    return Promise.resolve({ name: this.name, help: this.#help, type: this.type, aggregator: 'sum', values: this.#series.all().flatMap((series) => this.valuesOf(series)) });
  }

  /** Drops all series that are not to be kept. */
  prune(isKept: (labels: Labels<Label>) => boolean): void {
    this.#series.prune(({ labels }) => isKept(labels));
  }

  protected abstract create(labels: Labels<Label>): Series;
  protected abstract valuesOf(series: Series): Value[];

  /** Appears with its first count. */
  protected of(labels: Labels<Label>): Series {
    let level = this.#series;
    for (const name of this.#labelNames) level = level.below(labels[name]);
    return (level.series ??= this.create({ ...labels }));
  }
}

interface CounterSeries<Label extends string> {
  readonly labels: Labels<Label>;
  value: number;
}

export class Counter<Label extends string> extends Family<Label, CounterSeries<Label>> {
  readonly type = 'counter';

  inc(labels: Labels<Label>, by = 1): void {
    this.of(labels).value += by;
  }

  protected override create(labels: Labels<Label>): CounterSeries<Label> {
    return { labels, value: 0 };
  }

  protected override valuesOf(series: CounterSeries<Label>): Value[] {
    return [series];
  }
}

interface HistogramSeries<Label extends string> {
  readonly labels: Labels<Label>;
  /** For each bound, and at last for what is above them all. */
  readonly counts: number[];
  sum: number;
}

export class Histogram<Label extends string> extends Family<Label, HistogramSeries<Label>> {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];

  /** `bounds` are the upper ones of the buckets, ascending. */
  constructor(options: FamilyOptions<Label>, bounds: readonly number[]) {
    super(options);
    this.#bounds = bounds;
  }

  observe(labels: Labels<Label>, value: number): void {
    const series = this.of(labels);
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Infinity)) bucket++;
    series.counts[bucket]!++;
    series.sum += value;
  }

  protected override create(labels: Labels<Label>): HistogramSeries<Label> {
    return { labels, counts: Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
  }

  protected override valuesOf({ labels, counts, sum }: HistogramSeries<Label>): Value[] {
    let count = 0;
    const buckets = counts.map((more, index): Value => ({ labels: { le: this.#bounds[index] ?? '+Inf', ...labels }, value: (count += more), metricName: `${this.name}_bucket` }));
    return [...buckets, { labels, value: sum, metricName: `${this.name}_sum` }, { labels, value: count, metricName: `${this.name}_count` }];
  }
}
