/** Live figures of all nodes: counts what the bus tells, and looks at the nodes that run when somebody asks. */
import type { EventBus } from '../../core/events.ts';
import { withoutUndefined } from '../../core/without-undefined.ts';
import type { LlmNode } from '../../runtime/llm-nodes.ts';
import { onRequestEnd } from '../request-ends.ts';
import type { LiveFacts, LiveFigures, LiveNode } from '../sidebar/api.ts';
import { Today } from './day.ts';
import { Figures, stepMs, windowMs } from './figures.ts';
import { Speed } from './speed.ts';
import { stateOf } from './state.ts';

/** In the middle of a deploy no node runs: its figures stay for as long as they would be shown. */
const keptMs = windowMs;

interface Counted {
  readonly figures: Figures;
  readonly speed: Speed;
  /** When it was first found not to run, on the clock of `performance.now`. */
  goneAt: number | undefined;
}

export class Live {
  readonly #nodes: () => readonly LlmNode[];
  readonly #startedAt = Date.now();
  readonly #today = new Today();
  readonly #all = new Figures();
  readonly #counted = new Map<string, Counted>();
  readonly #unsubscribe: ReadonlyArray<() => void>;

  constructor(bus: EventBus, nodes: () => readonly LlmNode[]) {
    this.#nodes = nodes;
    this.#unsubscribe = [
      onRequestEnd(bus, (end) => {
        this.#turnDay();
        if (end.isFront) this.#all.end(end);
        this.#of(end.node.id).end(end);
      }),
      bus.on('attempt', (event) => {
        this.#turnDay();
        this.#all.spend(event, event.ms);
        this.#of(event.backend.id).spend(event, event.ms);
      }),
      // What came out of a stage; what its branches have spent stands at their backends.
      bus.on('stageEnd', (event) => this.#of(event.stage.id).spend(event, event.ms)),
    ];
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  facts(): Omit<LiveFacts, 'isKept'> {
    this.#turnDay();
    this.#forgetOld();
    const nodes = this.#nodes().map((node) => ({ ...this.#of(node.identity.id).read(), ...this.#speedOf(node), ...stateFacts(node) }));
    return {
      since: new Date(Math.max(this.#startedAt, this.#today.begin)).toISOString(),
      stepMs,
      all: { ...this.#all.read(), outputTokensPerSecond: nodes.reduce((sum, { kind, outputTokensPerSecond }) => sum + (kind === 'backend' ? outputTokensPerSecond : 0), 0) },
      nodes,
    };
  }

  /** Of answers on their way, too; what a stage gives counts when it is over. */
  #speedOf({ identity: { id }, written }: LlmNode): Pick<LiveFigures, 'outputTokensPerSecond'> | undefined {
    return written === undefined ? undefined : { outputTokensPerSecond: this.#countedOf(id).speed.look(written) };
  }

  #of(id: string): Figures {
    return this.#countedOf(id).figures;
  }

  #countedOf(id: string): Counted {
    let counted = this.#counted.get(id);
    if (!counted) {
      this.#forgetOld();
      this.#counted.set(id, (counted = { figures: new Figures(), speed: new Speed(), goneAt: undefined }));
    }
    return counted;
  }

  #forgetOld(): void {
    const running = new Set(this.#nodes().map(({ identity: { id } }) => id));
    const now = performance.now();
    for (const [id, counted] of this.#counted) {
      counted.goneAt = running.has(id) ? undefined : (counted.goneAt ?? now);
      if (counted.goneAt !== undefined && now - counted.goneAt > keptMs) this.#counted.delete(id);
    }
  }

  #turnDay(): void {
    if (!this.#today.hasTurned()) return;
    this.#all.beginDay();
    for (const { figures } of this.#counted.values()) figures.beginDay();
  }
}

type StateFacts = Pick<LiveNode, 'node' | 'canvasId' | 'kind' | 'state' | 'busy' | 'waiting' | 'breaker' | 'isTripped' | 'isResting' | 'branches'>;

function stateFacts(node: LlmNode): StateFacts {
  const { identity, canvasId, kind, busy, waiting, breaker, isTripped, isResting, branches } = node;
  const known = withoutUndefined({ canvasId, breaker, isTripped, ...(isResting && { isResting }), branches: branches?.map((branch) => withoutUndefined({ ...branch })) });
  return { node: identity, kind, state: stateOf(node), busy, waiting, ...known };
}
