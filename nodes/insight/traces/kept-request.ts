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
  readonly told: Told[] = [];
  /** When something was last told, in the counting of all changes. */
  change = 0;
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

  /** What would be one span more. Returns false where there is no room for it. */
  grow(told: Told): boolean {
    if (this.#spans >= maxSpans) {
      this.#isCut = true;
      return false;
    }
    this.#spans++;
    this.told.push(told);
    return true;
  }

  get end(): RootEnd | undefined {
    const { id } = this;
    return this.told.findLast((told): told is RootEnd => (told.name === 'stageEnd' ? told.event.id === id : (told.name === 'completion' || told.name === 'failure') && told.event.requestId === id));
  }
}
