/** A request as it is remembered: what was told of it, in order. Rows and traces are made of that when somebody asks. */
import type { BackendIdentity } from '../../core/completion.ts';
import type { LlmEvents } from '../../core/events.ts';

export const tracedEvents = ['stage', 'stageEnd', 'branchStart', 'branch', 'request', 'attempt', 'firstToken', 'retry', 'completion', 'failure', 'served'] as const;
export type TracedEvent = (typeof tracedEvents)[number];

/** `at` is on the clock of `performance.now`. */
export type Told = { [N in TracedEvent]: { readonly name: N; readonly at: number; readonly event: Readonly<LlmEvents[N]> } }[TracedEvent];

/** How a request ended where it began. */
export type RootEnd = Extract<Told, { name: 'stageEnd' | 'completion' | 'failure' }>;

/** More than this make no picture. */
const maxSpans = 250;

export class KeptRequest {
  /** Counts up with the requests. */
  readonly number: number;
  /** Of the request where it began. */
  readonly id: string;
  readonly entry: BackendIdentity;
  /** In ms since the epoch, and on the clock of `performance.now`. */
  readonly startedAt: number;
  readonly startMs: number;
  /** When something was last told, in the counting of all changes. */
  change = 0;
  /** How much of it is under way. */
  open = 0;
  /** One of each for everything that was told: at a thousand requests a second, objects around them would cost more than all else. */
  readonly #names: TracedEvent[] = [];
  readonly #times: number[] = [];
  readonly #events: object[] = [];
  #spans = 0;
  #isCut = false;

  /** One that is known only now may have begun `agoMs` before. */
  constructor(number: number, id: string, entry: BackendIdentity, agoMs = 0) {
    this.startedAt = Date.now() - agoMs;
    this.startMs = performance.now() - agoMs;
    this.number = number;
    this.id = id;
    this.entry = entry;
  }

  /** True where there was no room for all. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** All that was told, in order. */
  get told(): Told[] {
    return this.#names.map((name, index) => ({ name, at: this.#times[index], event: this.#events[index] }) as Told);
  }

  tell<N extends TracedEvent>(name: N, event: Readonly<LlmEvents[N]>): void {
    this.#names.push(name);
    this.#times.push(performance.now());
    this.#events.push(event);
  }

  /** The same for what would be one span more. Returns false where there is no room for it. */
  grow<N extends TracedEvent>(name: N, event: Readonly<LlmEvents[N]>): boolean {
    if (this.#spans >= maxSpans) {
      this.#isCut = true;
      return false;
    }
    this.#spans++;
    this.tell(name, event);
    return true;
  }
}

/** How a request ended where it began; undefined while it has not. */
export function endOf(id: string, told: readonly Told[]): RootEnd | undefined {
  return told.findLast((one): one is RootEnd => (one.name === 'stageEnd' ? one.event.id === id : (one.name === 'completion' || one.name === 'failure') && one.event.requestId === id));
}
