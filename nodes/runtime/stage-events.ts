/** What a stage tells on the bus of one of its requests. */
import type { BackendIdentity, Completion } from '../core/completion.ts';
import { bus, type LlmEvents } from '../core/events.ts';
import { withoutUndefined } from '../core/without-undefined.ts';
import type { LlmMessage, Outcome, Place } from './calls.ts';

/** What a client says of its request. */
export type AskedBy = Pick<LlmEvents['stage'], 'requestId' | 'traceparent'>;

/** How a request or an attempt ended, as an event tells it. */
export type Told = Pick<LlmEvents['branch'], 'outcome' | 'error' | 'hint'>;

/** Makes the ids others than those of a Node-RED before this one. */
const idStart = crypto.randomUUID();
let requests = 0;

/** One id for a request at one stage. */
export function newStageId(): string {
  return `stage-${idStart}-${++requests}`;
}

export class StageEvents {
  readonly id: string;
  readonly #stage: BackendIdentity;
  readonly #msg: LlmMessage;
  /** The attempt of the stage above that it belongs to. */
  readonly #parent: string | undefined;
  #asked: AskedBy = {};

  constructor(stage: BackendIdentity, msg: LlmMessage, { id = newStageId(), parent }: Place) {
    this.id = id;
    this.#parent = parent;
    this.#stage = stage;
    this.#msg = msg;
  }

  begin(asked: AskedBy): void {
    this.#asked = asked;
    if (bus.has('stage')) bus.emit('stage', this.#told());
    const { payload, llm } = this.#msg;
    if (this.#isFirst && bus.has('asked')) bus.emit('asked', { id: this.id, payload, llm });
  }

  end(ended: Told, facts: Pick<LlmEvents['stageEnd'], 'ms' | 'queuedMs' | 'attempts'>, completion?: Completion): void {
    if (completion && this.#isFirst && bus.has('answered')) bus.emit('answered', { id: this.id, text: completion.text });
    if (!bus.has('stageEnd')) return;
    const { usage, cost, route, model, provider, finishReason, timing, backend } = completion ?? {};
    // Listeners keep what they are told, and whoever gets the answer may change it.
    const copies = { usage: usage && { ...usage }, cost: cost && { ...cost }, timing: timing && { ...timing } };
    const answered = withoutUndefined({ ...copies, route, model, provider, finishReason, backend: backend?.name });
    bus.emit('stageEnd', { ...this.#told(), ...ended, ...facts, ...answered });
  }

  /** A branch is tried. Returns the function that tells how the attempt ended. */
  tryBranch(id: string, branch: string, shadow: boolean): (outcome: Outcome) => void {
    const about = this.#about(id, branch, shadow);
    if (bus.has('branchStart')) bus.emit('branchStart', about);
    const startedAt = performance.now();
    return (outcome) => {
      if (bus.has('branch')) bus.emit('branch', { ...about, ...told(outcome), ms: performance.now() - startedAt });
    };
  }

  /** A branch could not even be tried. */
  refuseBranch(id: string, branch: string, shadow: boolean, outcome: Outcome): void {
    if (bus.has('branch')) bus.emit('branch', { ...this.#about(id, branch, shadow), ...told(outcome), ms: 0 });
  }

  #about(id: string, branch: string, shadow: boolean): LlmEvents['branchStart'] {
    return { id, parent: this.id, stage: this.#stage, branch, shadow };
  }

  /** What the request's begin and its end both tell. */
  #told(): LlmEvents['stage'] {
    const { client } = (this.#msg.llm ?? {}) as { client?: unknown };
    const parent = this.#parent;
    return { id: this.id, stage: this.#stage, ...(parent !== undefined && { parent }), ...(typeof client === 'string' && { client }), ...this.#asked };
  }

  /** True where the request begins at this stage. */
  get #isFirst(): boolean {
    return this.#parent === undefined;
  }
}

export function told(outcome: Outcome): Told {
  if (outcome.ok) return { outcome: 'ok' };
  const { kind, hint } = outcome.failure;
  return { outcome: kind === 'cancelled' ? 'cancelled' : 'failed', error: kind, ...(hint !== undefined && { hint }) };
}
