/** The backends, stages and endpoints that run, by their ids: what a stage can know of the nodes in its branches before it sends, and what a monitor shows. */
import type { BackendIdentity, TokenSink } from '../core/completion.ts';
import type { FailureKind } from '../core/errors.ts';
import type { BreakerState, HealthState } from '../core/events.ts';
import type { LlmMessage } from './calls.ts';

export interface LlmNode {
  readonly identity: BackendIdentity;
  /** By which the canvas knows it, where that is another id: it runs within a subflow. */
  readonly canvasId?: string | undefined;
  readonly kind: 'backend' | 'stage' | 'endpoint';
  /** True where its settings cannot work. */
  readonly isMisconfigured: boolean;
  /** Why a request would be turned away at once or find the server down; undefined where it would be tried. */
  readonly refusal: FailureKind | undefined;
  /** Requests under way, without those that wait for a place. */
  readonly busy: number;
  readonly waiting: number;
  /** The models that the node's own settings name, not those that clients ask for. */
  readonly models: readonly string[];
  /** Of a backend alone. */
  readonly breaker?: BreakerState;
  readonly health?: HealthState;
  /** Of a backend alone: true where its breaker was opened by hand. */
  readonly isTripped?: boolean;
  /** Of a backend alone: parts of answers that have come so far, each about a token, also of those that are not over. */
  readonly written?: number;
  /** Of a stage alone. */
  readonly branches?: readonly BranchState[];
  /** Asks the node itself, as a message on its input would. The answer goes to who asks and nowhere else. */
  ask(msg: LlmMessage, how: Asking): Asked;
  /** True while it is left alone for a while: a backend whose provider asked for a pause, a stage that lets a branch rest. */
  readonly isResting?: boolean;
  /** Of a backend alone: opens its breaker until it is reset. */
  trip?(): void;
  /** Closes the breaker and ends every pause; of a stage those of its branches, or only of those that lead to the backend of this id. */
  reset?(backend?: string): void;
  /** Of a pool alone: whether a member gets no new requests. False where there is no such member. */
  drain?(member: string, isDrained: boolean): boolean;
}

export interface Asking {
  /** Aborts when nobody waits any more. Its reason is an LlmError. */
  readonly signal: AbortSignal;
  readonly sink: TokenSink;
}

export interface Asked {
  /** Under which the bus tells of it. */
  readonly id: string;
  /** Rejects with an LlmError. */
  readonly answer: Promise<LlmMessage>;
}

export interface BranchState {
  readonly name: string;
  /** Why the branch would not be tried; undefined where it would. */
  readonly refusal: FailureKind | undefined;
  /** Of a pool's members alone. */
  readonly member?: MemberState;
}

export interface MemberState {
  readonly busy: number;
  /** True where it gets no new requests. */
  readonly isDrained: boolean;
  /** In percent of the pool's requests since it was deployed. */
  readonly sharePercent: number;
}

const running = new Map<string, LlmNode>();

/** Returns the function that takes the node out again. */
export function announce(node: LlmNode): () => void {
  const { id } = node.identity;
  running.set(id, node);
  return () => {
    // A node that was deployed anew may stand there already.
    if (running.get(id) === node) running.delete(id);
  };
}

export function llmNode(id: string): LlmNode | undefined {
  return running.get(id);
}

export function llmNodes(): LlmNode[] {
  return [...running.values()];
}

/** What a node is called where people read it: its name, or its type where it has none. */
export function identityOf({ id, name, type }: { id: string; name?: string | undefined; type: string }): BackendIdentity {
  return { id, name: name || type, type };
}

/** The id of the node in the subflow's template, of which Node-RED makes one for each use. */
export function canvasIdOf(node: object): string | undefined {
  const { _alias: id } = node as { _alias?: unknown };
  return typeof id === 'string' ? id : undefined;
}
