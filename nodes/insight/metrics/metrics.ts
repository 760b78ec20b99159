/** Prometheus metrics of everything that the bus tells and the running nodes show, in a registry of their own. */
import { Registry } from 'prom-client';
import type { EventBus } from '../../core/events.ts';
import type { LlmNode } from '../../runtime/llm-nodes.ts';
import { Collector } from './collector.ts';
import { createFamilies, type Families } from './families.ts';
import { addGauges } from './gauges.ts';
import { configuredIn, ModelNames } from './model-names.ts';
import { addProcessMetrics } from './process.ts';

export interface MetricsOptions {
  readonly bus: EventBus;
  /** The nodes that run now. */
  readonly nodes: () => readonly LlmNode[];
}

/** What counters and histograms have in common, whatever their labels. */
interface Family {
  get(): Promise<{ values: ReadonlyArray<{ labels: Partial<Record<string, string | number>> }> }>;
  remove(labels: Partial<Record<string, string | number>>): void;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #families: Families;
  readonly #collector: Collector;
  readonly #nodes: () => readonly LlmNode[];
  readonly #allowed = new Set<string>();

  constructor({ bus, nodes }: MetricsOptions) {
    this.#nodes = nodes;
    this.#families = createFamilies(this.#registry);
    addGauges(this.#registry, nodes);
    addProcessMetrics(this.#registry);
    this.#collector = new Collector(bus, this.#families, new ModelNames(configuredIn(nodes, this.#allowed)));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Lets further names of models be labels. */
  allowModels(names: readonly string[]): void {
    for (const name of names) this.#allowed.add(name);
  }

  /** In Prometheus's text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Drops the series of nodes that do not run any more, or have another name now. Not in the middle of a deploy: those being restarted would begin at zero. */
  async prune(): Promise<void> {
    const names = new Map(this.#nodes().map(({ identity: { id, name } }) => [id, name]));
    for (const family of Object.values<Family>(this.#families)) {
      const { values } = await family.get();
      for (const { labels } of values) {
        // A bucket's own label is none of its series.
        const { le: _bound, ...series } = labels;
        if (names.get(String(series['id'])) !== series['node']) family.remove(series);
      }
    }
  }

  close(): void {
    this.#collector.close();
  }
}
