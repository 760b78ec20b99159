/** One set of metrics for all monitors of the process: a monitor that is deployed anew goes on counting where it was, and misses nothing meanwhile. */
import type { NodeAPI } from 'node-red';
import { bus } from '../../core/events.ts';
import { llmNodes } from '../../runtime/llm-nodes.ts';
import { Metrics } from '../metrics/metrics.ts';

class SharedMetrics {
  readonly metrics = new Metrics({ bus, nodes: llmNodes });
  users = 0;
  readonly #RED: NodeAPI;
  #isDeploying = false;
  readonly #onStopping = () => (this.#isDeploying = true);
  readonly #onStarted = () => {
    this.#isDeploying = false;
    if (this.users === 0) this.#close();
  };

  constructor(RED: NodeAPI) {
    this.#RED = RED;
    RED.events.on('flows:stopping', this.#onStopping);
    RED.events.on('flows:started', this.#onStarted);
  }

  /** In Prometheus's text format, of the nodes that run. */
  async text(): Promise<string> {
    // In the middle of a deploy those that are restarted do not run, and would lose their counts.
    if (!this.#isDeploying) await this.metrics.prune();
    return this.metrics.text();
  }

  #close(): void {
    this.metrics.close();
    this.#RED.events.off('flows:stopping', this.#onStopping);
    this.#RED.events.off('flows:started', this.#onStarted);
    if (shared === this) shared = undefined;
  }
}

let shared: SharedMetrics | undefined;

export interface MetricsUser {
  readonly contentType: string;
  text(): Promise<string>;
  /** With the last user, the metrics end when the deploy is over that took it away. */
  release(): void;
}

/** The metrics, with further models that may be labels. */
export function useMetrics(RED: NodeAPI, models: readonly string[]): MetricsUser {
  const used = (shared ??= new SharedMetrics(RED));
  used.users++;
  used.metrics.allowModels(models);
  return {
    contentType: used.metrics.contentType,
    text: () => used.text(),
    release: () => void used.users--,
  };
}
