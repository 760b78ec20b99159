/** What went through the flows in a while, in figures for a dashboard. */
import type { BackendIdentity } from '../../core/completion.ts';
import type { EventBus } from '../../core/events.ts';
import type { LlmNode } from '../../runtime/llm-nodes.ts';
import { onRequestEnd } from '../request-ends.ts';
import { Tally } from '../tally.ts';

/** Times in ms and tokens are of the requests that were answered; tokens and cost also of attempts that broke off. */
export interface Figures {
  requests: number;
  ok: number;
  failed: number;
  cancelled: number;
  /** Of those that were answered or failed, in percent. */
  failedPercent: number;
  p50Ms: number | undefined;
  p95Ms: number | undefined;
  firstTokenP95Ms: number | undefined;
  inputTokens: number;
  outputTokens: number;
  outputTokensPerSecond: number;
  costUsd: number;
}

export interface SummaryFacts extends Figures {
  /** ISO 8601, UTC. */
  from: string;
  to: string;
  /** Under way and waiting at backends, now. */
  busy: number;
  waiting: number;
  /** Names of backends whose server is down, or whose breaker is open. */
  down: string[];
  backends: Array<BackendIdentity & Figures>;
}

function figuresOf(tally: Tally, ms: number): Figures {
  const { requests, counts, failedPercent, latencies, firstTokens, inputTokens, outputTokens, costUsd } = tally;
  return {
    requests,
    ...counts,
    failedPercent,
    p50Ms: latencies.percentile(50),
    p95Ms: latencies.percentile(95),
    firstTokenP95Ms: firstTokens.percentile(95),
    inputTokens,
    outputTokens,
    outputTokensPerSecond: ms > 0 ? (outputTokens / ms) * 1000 : 0,
    costUsd,
  };
}

export class Summary {
  readonly #nodes: () => readonly LlmNode[];
  readonly #unsubscribe: ReadonlyArray<() => void>;
  #since = Date.now();
  #sinceMs = performance.now();
  #all = new Tally();
  #backends = new Map<string, { identity: BackendIdentity; tally: Tally }>();

  constructor(bus: EventBus, nodes: () => readonly LlmNode[]) {
    this.#nodes = nodes;
    this.#unsubscribe = [
      onRequestEnd(bus, (end) => {
        if (end.isFront) this.#all.end(end);
        if (end.isBackend) this.#of(end.node).end(end);
      }),
      bus.on('attempt', (event) => {
        this.#all.spend(event);
        this.#of(event.backend).spend(event);
      }),
    ];
  }

  /** What came since the last time, or since the beginning. Begins anew. */
  take(): SummaryFacts {
    const [from, to] = [this.#since, Date.now()];
    // The clock may have been set meanwhile.
    const now = performance.now();
    const ms = now - this.#sinceMs;
    const nodes = this.#nodes().filter(({ breaker }) => breaker !== undefined);
    const facts = {
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      ...figuresOf(this.#all, ms),
      busy: nodes.reduce((sum, { busy }) => sum + busy, 0),
      waiting: this.#nodes().reduce((sum, { waiting }) => sum + waiting, 0),
      down: nodes.filter(({ breaker, health }) => breaker === 'open' || health === 'down').map(({ identity: { name } }) => name),
      backends: [...this.#backends.values()].map(({ identity, tally }) => ({ ...identity, ...figuresOf(tally, ms) })),
    };
    this.#since = to;
    this.#sinceMs = now;
    this.#all = new Tally();
    this.#backends = new Map();
    return facts;
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #of(identity: BackendIdentity): Tally {
    let found = this.#backends.get(identity.id);
    if (!found) this.#backends.set(identity.id, (found = { identity, tally: new Tally() }));
    return found.tally;
  }
}
