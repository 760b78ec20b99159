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
  prune(): void {
    const names = new Map(this.#nodes().map(({ identity: { id, name } }) => [id, name]));
    for (const family of Object.values(this.#families)) family.prune(({ id, node }: { id: string; node: string }) => names.get(id) === node);
  }

  close(): void {
    this.#collector.close();
  }
}
