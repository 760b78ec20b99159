/**
 * The bus: everything that happens to a request, as plain facts. Metrics, traces and views listen; nobody who emits knows them.
 * No event holds a key; no event but `asked` and `answered` holds a prompt or an answer, and these two are only for who is told to keep them.
 */
import type { BackendIdentity, Completion, Cost, FinishReason, Timing, Usage } from './completion.ts';
import type { FailureKind } from './errors.ts';

export type BreakerState = 'closed' | 'open' | 'half_open';
export type HealthState = 'unknown' | 'ready' | 'loading' | 'down';

/** What is nobody's child is where a request begins. */
interface Child {
  /** The id of the attempt in a stage's branch that it belongs to. */
  parent?: string;
}

interface OfRequest extends Child {
  /** One id for a request through all of its attempts. */
  requestId: string;
  backend: BackendIdentity;
  provider: string;
  model: string;
  operation: 'chat' | 'embeddings';
}

interface OfStage {
  /** One id for a request at one stage. */
  id: string;
  stage: BackendIdentity;
}

/** What is known of a request when it comes. */
interface Asked {
  /** The name of the client's key. */
  client?: string;
  /** The id by which the client knows it. */
  requestId?: string;
  /** As the client sent it: what traces it is part of. */
  traceparent?: string;
}

interface OfBranch {
  /** One id for an attempt: the parent of what happens in the branch. */
  id: string;
  /** The id of the request at the stage. */
  parent: string;
  stage: BackendIdentity;
  branch: string;
  /** True for a copy on trial, whose answer nobody gets. */
  shadow: boolean;
}

/** What is known of the answer; without one nothing is. */
interface Answered extends Partial<Pick<Completion, 'usage' | 'cost' | 'route' | 'model' | 'provider' | 'finishReason' | 'timing'>> {
  /** The name of the backend that gave it. */
  backend?: string;
}

interface Ended {
  outcome: 'ok' | 'failed' | 'cancelled';
  error?: FailureKind;
  /** What a person should do next, in our own words. */
  hint?: string;
  ms: number;
}

export interface LlmEvents {
  /** A request has arrived at a backend; it may wait for a place. */
  request: OfRequest;
  /** The model is the one that answered, as far as that is known. */
  attempt: OfRequest & {
    /** Counted from 1. */
    number: number;
    requestedModel: string;
    outcome: 'ok' | 'failed' | 'cancelled';
    error?: FailureKind;
    ms: number;
    /** Also of one that broke off after its first token: it is paid for. */
    usage?: Usage;
    cost?: Cost;
  };
  firstToken: OfRequest & { ms: number };
  retry: OfRequest & { error: FailureKind; delayMs: number };
  /** The model is the one that answered. */
  completion: OfRequest & { requestedModel: string; finishReason: FinishReason; usage: Usage; cost?: Cost; timing: Timing; attempts: number };
  failure: OfRequest & { error: FailureKind; hint?: string; status?: number; attempts: number; queuedMs: number; ms: number };
  /** A request has arrived at a stage. */
  stage: OfStage & Child & Asked;
  /** It has its outcome there. */
  stageEnd: OfStage & Child & Asked & Ended & Answered & {
    /** Waiting for its turn at this stage, in ms. */
    queuedMs: number;
    attempts: number;
  };
  /** A stage tries one of its branches. */
  branchStart: OfBranch;
  /** The attempt is over. */
  branch: OfBranch & Ended;
  /** An endpoint has answered a client, or the client has gone (499). The id is that of the request at the stage, where it came so far. */
  served: { id: string; requestId: string; endpoint: BackendIdentity; client?: string; path: string; status: number; ms: number };
  /** What a request asks, where it begins: as it came, to be copied at once. The id is that of `stage`, or the `requestId` of `request`. */
  asked: { id: string; payload: unknown; llm: unknown };
  /** What it was answered there, before its end is told. */
  answered: { id: string; text: string };
  breaker: { backend: BackendIdentity; provider: string; state: BreakerState };
  health: { connection: BackendIdentity; provider: string; state: HealthState };
}

export type EventName = keyof LlmEvents;
export type Listener<N extends EventName> = (event: Readonly<LlmEvents[N]>) => void;

/** Listeners are called at once and in order. One that throws is reported and does not disturb the request. */
export class EventBus {
  readonly #listeners = new Map<EventName, Set<Listener<never>>>();
  #report: (error: unknown) => void = (error) => process.emitWarning(`A listener of the LLM event bus failed: ${String(error)}`);

  /** Says where the failure of a listener is reported. */
  reportTo(report: (error: unknown) => void): void {
    this.#report = report;
  }

  /** Returns the function that ends the subscription. */
  on<N extends EventName>(name: N, listener: Listener<N>): () => void {
    let listeners = this.#listeners.get(name);
    if (!listeners) this.#listeners.set(name, (listeners = new Set()));
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** True where somebody listens: what an event costs to make need only be paid then. */
  has(name: EventName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<N extends EventName>(name: N, event: LlmEvents[N]): void {
    const listeners = this.#listeners.get(name);
    if (!listeners) return;
    for (const listener of listeners as Set<Listener<N>>) {
      try {
        listener(event);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}

/** The one bus of the process. */
export const bus = new EventBus();
