/**
 * Calls: requests that a stage has sent into a branch and whose outcome it waits for.
 * Messages are cloned at every fork, so that only ids travel on them, as frames; the live things are kept here.
 */
import type { NodeMessage } from 'node-red';
import type { Completion, StreamPart, TokenSink } from '../core/completion.ts';
import { type FailureKind, LlmError } from '../core/errors.ts';

/** Says on a message whose call it belongs to. The last frame is the innermost. */
export interface Frame {
  /** The id of the stage's node. */
  readonly stage: string;
  /** Whoever knows it may give the call its outcome: it cannot be guessed, and stands nowhere but on messages. */
  readonly call: string;
  /** Which backend or stage of the branch works on this copy of the message, or did so last. */
  readonly worker?: string;
  /** Of a call that no stage made: the id under which the bus tells of the request, which begins with it. */
  readonly trial?: string;
}

/** The frame of a copy that a backend or stage works on. */
export type Work = Frame & Required<Pick<Frame, 'worker'>>;

/** Where a request stands in the tree of events: in an attempt of a stage, or at its beginning, where it may have an id already. */
export interface Place {
  readonly parent?: string;
  readonly id?: string;
}

export interface LlmMessage extends NodeMessage {
  llm?: unknown;
  completion?: Completion;
  /** Frames; what comes from outside may hold anything. */
  _llmCalls?: readonly unknown[];
  /** Node-RED's own: the link call nodes that wait for the message, the innermost last. */
  _linkSource?: ReadonlyArray<{ node?: unknown }>;
}

export type Outcome = { ok: true; msg: LlmMessage } | { ok: false; failure: LlmError };

export interface CallOptions {
  /** The message as the stage got it. */
  readonly msg: LlmMessage;
  /** Aborts when nobody waits for the outcome any more. Its reason is an LlmError. */
  readonly signal: AbortSignal;
  /** Where the tokens go; without one nobody reads along. */
  readonly sink: TokenSink | undefined;
  /** When the call ends at the latest, on the clock of `performance.now`; Infinity where nothing bounds it. */
  readonly deadline: number;
  /** True where the nodes of the branch were deployed anew, so that a message on its way between them is lost. */
  readonly isLost: () => boolean;
  /** Whether a failure of this kind would lead on to a branch that is free now, of this stage or of one above it. */
  readonly hasAlternative?: (kind: FailureKind) => boolean;
  /** Of a call that no stage makes: the id under which the bus tells of the request. */
  readonly trial?: string;
}

/** With what the ids of this process begin. A frame that begins otherwise came from outside, or from before a restart: here it means nothing. */
const start = `${crypto.randomUUID().slice(0, 8)}-`;

let ids = 0;

/** One call, as the nodes of its branch see it. */
export class Call {
  readonly frame: Frame;
  /** Under which the bus tells of it: anybody may see it. */
  readonly id = `${start}${ids++}`;
  readonly #options: CallOptions;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #onAbort = () => calls.end(this, { ok: false, failure: this.signal.reason as LlmError });
  /** The backends and stages that work on it now. */
  readonly #workers = new Set<string>();
  #isOpen = true;
  /** The worker whose tokens a reader has seen. */
  #streaming: string | undefined;

  constructor(stage: string, options: CallOptions, resolve: (outcome: Outcome) => void) {
    const { trial } = options;
    this.frame = { stage, call: start + crypto.randomUUID(), ...(trial !== undefined && { trial }) };
    this.#options = options;
    this.#resolve = resolve;
    this.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get msg(): LlmMessage {
    return this.#options.msg;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  get deadline(): number {
    return this.#options.deadline;
  }

  /** Whether a failure of this kind would lead on to a branch that is free now: then nothing is to be waited for in this one. */
  hasAlternative(kind: FailureKind): boolean {
    return this.#options.hasAlternative?.(kind) ?? false;
  }

  /** Where a message with this frame stands that comes to a backend or a stage. */
  placeOf({ trial, worker }: Frame): Place {
    // What the first node of a trial hands on to another is part of the same.
    return trial === undefined ? { parent: this.id } : worker === undefined ? { id: trial } : { parent: trial };
  }

  /** True where no backend or stage that may give the outcome has the message, and none will get it. */
  get isLost(): boolean {
    const isAtWork = this.#streaming === undefined ? this.#workers.size > 0 : this.#workers.has(this.#streaming);
    return !isAtWork && this.#options.isLost();
  }

  /** A backend or stage begins to work on the message: the frame for its copy. */
  enter(): Work {
    const worker = String(ids++);
    this.#workers.add(worker);
    return { ...this.frame, worker };
  }

  leave({ worker }: Work): void {
    this.#workers.delete(worker);
  }

  /** Where a worker's tokens go. In a branch that forks, the one that writes first is the one that is heard. */
  sinkFor({ worker }: Work): TokenSink | undefined {
    const { sink } = this.#options;
    if (!sink) return undefined;
    const isHeard = () => this.#isOpen && (this.#streaming ??= worker) === worker;
    return {
      write: (parts: readonly StreamPart[]) => (isHeard() ? sink.write(parts) : undefined),
      ...(sink.restart && { restart: () => (isHeard() ? sink.restart?.() : undefined) }),
    };
  }

  /** Once a reader has seen tokens, only the one that wrote them may give the outcome. */
  accepts({ worker }: Frame): boolean {
    return this.#streaming === undefined || this.#streaming === worker;
  }

  settle(outcome: Outcome): void {
    this.#isOpen = false;
    this.signal.removeEventListener('abort', this.#onAbort);
    this.#resolve(outcome);
  }
}

class Calls {
  readonly #open = new Map<string, Call>();
  #dropped = 0;

  /** Calls that wait for their outcome. */
  get size(): number {
    return this.#open.size;
  }

  /** Outcomes that came too late, or from a fork that was not heard. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Opens a call: the frame to send along, and the outcome, which comes in any case: an abort of the signal is one. */
  open(stage: string, options: CallOptions): { id: string; frame: Frame; outcome: Promise<Outcome> } {
    const { promise: outcome, resolve } = Promise.withResolvers<Outcome>();
    const call = new Call(stage, options, resolve);
    this.#open.set(call.frame.call, call);
    if (options.signal.aborted) this.end(call, { ok: false, failure: options.signal.reason as LlmError });
    return { id: call.id, frame: call.frame, outcome };
  }

  find(frame: Frame): Call | undefined {
    return this.#open.get(frame.call);
  }

  /** Gives a call its outcome. The first one counts: true for that. */
  settle(frame: Frame, outcome: Outcome): boolean {
    const call = this.find(frame);
    if (call?.accepts(frame)) {
      this.end(call, outcome);
      return true;
    }
    this.#dropped++;
    return false;
  }

  /** Without asking whose outcome it is. */
  end(call: Call, outcome: Outcome): void {
    if (this.#open.delete(call.frame.call)) call.settle(outcome);
  }

  /** In a deploy: fails the calls whose messages went down with the nodes that carried them. What is on a wire now may still arrive. */
  failLost(): void {
    const lost = [...this.#open.values()].filter(({ isLost }) => isLost);
    setImmediate(() => {
      for (const call of lost) if (call.isLost) this.end(call, { ok: false, failure: lostOnItsWay() });
    });
  }
}

function lostOnItsWay(): LlmError {
  return new LlmError('unavailable', 'The nodes of the branch were deployed anew while the request was on its way.', { hint: 'Send the request again.', retryAfterMs: 1_000, redeployed: true });
}

/** The calls of the process: a branch may pass through any flow. */
export const calls = new Calls();

/** The innermost frame of a message. */
export function topFrame(msg: LlmMessage): Frame | undefined {
  return framesOf(msg).findLast(isFrame);
}

/** The frames of a message, with whatever else stands there: a flow may take a whole message from outside, where another Node-RED has put its own. */
export function framesOf({ _llmCalls: frames }: LlmMessage): readonly unknown[] {
  return Array.isArray(frames) ? frames : [];
}

export function withoutFrames(msg: LlmMessage): LlmMessage {
  delete msg._llmCalls;
  return msg;
}

/** Of this process alone. */
export function isFrame(value: unknown): value is Frame {
  const { stage, call } = (value ?? {}) as Partial<Record<keyof Frame, unknown>>;
  return typeof stage === 'string' && typeof call === 'string' && call.startsWith(start);
}
