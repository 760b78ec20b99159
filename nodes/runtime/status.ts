/** The line under a node: what it does now, else how the last request went. */
import type { Node, NodeStatus } from 'node-red';
import type { Completion } from '../core/completion.ts';
import type { FailureKind } from '../core/errors.ts';
import type { BreakerState, HealthState } from '../core/events.ts';
import { duration } from '../core/units.ts';
import type { Found } from './access.ts';

/** What the line is made of. Texts that are words are keys of the shared catalogue. */
export interface StatusFacts {
  busy: number;
  waiting: number;
  tokensPerSecond: number;
  breaker: BreakerState;
  health: HealthState;
  /** Of a server that is run here, while it is not ready. */
  server?: NodeStatus | undefined;
  problem: boolean;
  last?: { ok: true; timing: Completion['timing'] } | { ok: false; kind: FailureKind };
}

export function statusOf(facts: StatusFacts): NodeStatus {
  const { busy, waiting, breaker, health, problem, last } = facts;
  if (problem) return misconfigured;
  if (facts.server) return facts.server;
  if (busy > 0) return { fill: 'blue', shape: 'dot', text: working(busy, waiting, facts.tokensPerSecond) };
  if (health === 'down') return { fill: 'red', shape: 'ring', text: 'llm.status.down' };
  if (health === 'loading') return { fill: 'yellow', shape: 'ring', text: 'llm.status.loading' };
  if (breaker === 'open') return { fill: 'red', shape: 'ring', text: 'llm.status.open' };
  if (last?.ok === false) return statusOfFailure(last.kind);
  if (last?.ok) return { fill: 'green', shape: 'dot', text: figures(last.timing) };
  return health === 'ready' ? { fill: 'green', shape: 'ring', text: 'llm.status.ready' } : {};
}

/** What the line under a stage is made of. */
export interface StageFacts {
  busy: number;
  waiting: number;
  /** Such as `1 of 3 down`. */
  note: string | undefined;
  problem: boolean;
  last: { ok: true; branch: string; totalMs: number; failedOver: boolean } | { ok: false; kind: FailureKind } | undefined;
}

export function statusOfStage({ busy, waiting, note, problem, last }: StageFacts): NodeStatus {
  if (problem) return misconfigured;
  if (busy + waiting > 0) return { fill: 'blue', shape: 'dot', text: withNote(count(busy, waiting), note) };
  if (last?.ok === false) return statusOfFailure(last.kind);
  if (!last) return note === undefined ? {} : { fill: 'yellow', shape: 'ring', text: note };
  const degraded = last.failedOver || note !== undefined;
  return { fill: degraded ? 'yellow' : 'green', shape: 'dot', text: withNote(`${shortened(last.branch)} ${duration(last.totalMs)}`, note) };
}

function withNote(text: string, note: string | undefined): string {
  return note === undefined ? text : `${text} · ${note}`;
}

/** A long name would push the figures away. */
function shortened(name: string): string {
  return name.length > 10 ? `${name.slice(0, 9)}…` : name;
}

/** The status of a node that serves HTTP: whom it lets in is told where nobody can come in, and where nobody has chosen. */
export function withAccess(status: NodeStatus, found: Found | undefined): NodeStatus {
  if (found?.access === 'closed') return { fill: 'red', shape: 'ring', text: 'llm.status.noKeys' };
  const isQuiet = !('fill' in status) || status.fill === 'green' || status.fill === 'grey';
  return found && !found.isChosen && found.access === 'everybody' && isQuiet ? { fill: 'yellow', shape: 'ring', text: 'llm.status.everybody' } : status;
}

export const misconfigured: NodeStatus = { fill: 'red', shape: 'ring', text: 'llm.status.misconfigured' };

export function statusOfFailure(kind: FailureKind): NodeStatus {
  return kind === 'cancelled' ? {} : { fill: 'red', shape: 'ring', text: `llm.kind.${kind}` };
}

/** Figures first, so that the editor takes it for no catalogue key. */
function working(busy: number, waiting: number, tokensPerSecond: number): string {
  return withRate(count(busy, waiting), tokensPerSecond);
}

function count(busy: number, waiting: number): string {
  return `${busy}${waiting > 0 ? `+${waiting}` : ''} busy`;
}

function figures({ totalMs, tokensPerSecond }: Completion['timing']): string {
  return withRate(duration(totalMs), tokensPerSecond ?? 0);
}

/** The editor shows so much beside a node; the rate is what it can do without. */
const longestText = 20;

function withRate(text: string, tokensPerSecond: number): string {
  const both = `${text} · ${Math.round(tokensPerSecond)} tok/s`;
  return tokensPerSecond > 0 && both.length <= longestText ? both : text;
}

/** An editor wants no more than this many updates of one node. */
const intervalMs = 250;

/** Shows the newest status at once, then at most four times a second. */
export class StatusLine {
  readonly #node: Node;
  readonly #status: () => NodeStatus;
  #shown: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stale = false;

  constructor(node: Node, status: () => NodeStatus) {
    this.#node = node;
    this.#status = status;
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
    const status = this.#status();
    const text = JSON.stringify(status);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#node.status(status);
  }
}
