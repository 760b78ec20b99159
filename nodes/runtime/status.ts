/** The line under a backend's node: what it does now, else how the last request went. */
import type { Node, NodeStatus } from 'node-red';
import type { Completion } from '../core/completion.ts';
import type { FailureKind } from '../core/errors.ts';
import type { BreakerState, HealthState } from '../core/events.ts';

/** What the line is made of. Texts that are words are keys of the shared catalogue. */
export interface StatusFacts {
  busy: number;
  waiting: number;
  tokensPerSecond: number;
  breaker: BreakerState;
  health: HealthState;
  problem: boolean;
  last?: { ok: true; timing: Completion['timing'] } | { ok: false; kind: FailureKind };
}

export function statusOf(facts: StatusFacts): NodeStatus {
  const { busy, waiting, breaker, health, problem, last } = facts;
  if (problem) return { fill: 'red', shape: 'ring', text: 'llm.status.misconfigured' };
  if (busy > 0) return { fill: 'blue', shape: 'dot', text: working(busy, waiting, facts.tokensPerSecond) };
  if (health === 'down') return { fill: 'red', shape: 'ring', text: 'llm.status.down' };
  if (health === 'loading') return { fill: 'yellow', shape: 'ring', text: 'llm.status.loading' };
  if (breaker === 'open') return { fill: 'red', shape: 'ring', text: 'llm.status.open' };
  if (last?.ok === false) return last.kind === 'cancelled' ? {} : { fill: 'red', shape: 'ring', text: `llm.kind.${last.kind}` };
  if (last?.ok) return { fill: 'green', shape: 'dot', text: figures(last.timing) };
  return health === 'ready' ? { fill: 'green', shape: 'ring', text: 'llm.status.ready' } : {};
}

/** Figures first, so that the editor takes it for no catalogue key. */
function working(busy: number, waiting: number, tokensPerSecond: number): string {
  const requests = `${busy}${waiting > 0 ? `+${waiting}` : ''} busy`;
  return withRate(requests, tokensPerSecond);
}

function figures({ totalMs, tokensPerSecond }: Completion['timing']): string {
  const took = totalMs < 1000 ? `${Math.round(totalMs)} ms` : `${(totalMs / 1000).toFixed(1)} s`;
  return withRate(took, tokensPerSecond ?? 0);
}

/** The editor shows so much beside a node; the rate is what it can do without. */
const longestText = 20;

function withRate(text: string, tokensPerSecond: number): string {
  const both = `${text} · ${Math.round(tokensPerSecond)} tok/s`;
  return tokensPerSecond > 0 && both.length <= longestText ? both : text;
}

/** An editor wants no more than this many updates of one node. */
const intervalMs = 250;

/** Shows the newest facts at once, then at most four times a second. */
export class StatusLine {
  readonly #node: Node;
  readonly #facts: () => StatusFacts;
  #shown: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stale = false;

  constructor(node: Node, facts: () => StatusFacts) {
    this.#node = node;
    this.#facts = facts;
  }

  update(): void {
    if (this.#timer) {
      this.#stale = true;
      return;
    }
    this.#show();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#stale) return;
      this.#stale = false;
      this.update();
    }, intervalMs);
    this.#timer.unref();
  }

  /** The node goes: nothing more is shown. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #show(): void {
    const status = statusOf(this.#facts());
    const text = JSON.stringify(status);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#node.status(status);
  }
}
