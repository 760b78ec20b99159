/**
 * The bus: everything that happens to a request, as plain facts. Metrics, traces and views listen; nobody who emits knows them.
 * No event holds a key, a prompt or an answer.
 */
import type { BackendIdentity, Completion, Cost, Timing, Usage } from './completion.ts';
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

interface Ended {
  outcome: 'ok' | 'failed' | 'cancelled';
  error?: FailureKind;
  ms: number;
}

export interface LlmEvents {
  /** A request has arrived at a backend; it may wait for a place. */
  request: OfRequest;
  attempt: OfRequest & {
    /** Counted from 1. */
    number: number;
    outcome: 'ok' | 'failed' | 'cancelled';
    error?: FailureKind;
    ms: number;
    usage?: Usage;
  };
  firstToken: OfRequest & { ms: number };
  retry: OfRequest & { error: FailureKind; delayMs: number };
  completion: OfRequest & { usage: Usage; cost?: Cost; timing: Timing; attempts: number };
  failure: OfRequest & { error: FailureKind; status?: number; attempts: number; ms: number };
  /** A request has arrived at a stage. */
  stage: OfStage & Child & Asked;
  /** It has its outcome there. */
  stageEnd: OfStage & Ended & Partial<Pick<Completion, 'usage' | 'cost' | 'route' | 'model' | 'provider' | 'finishReason'>> & { backend?: string; attempts: number };
  /** A stage tries one of its branches. */
  branchStart: OfBranch;
  /** The attempt is over. */
  branch: OfBranch & Ended;
  /** An endpoint has answered a client, or the client has gone (499). */
  served: { requestId: string; endpoint: BackendIdentity; client?: string; path: string; status: number; ms: number };
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
