/** The backends, stages and endpoints that run, by their ids: what a stage can know of the nodes in its branches before it sends, and what a monitor shows. */
import type { BackendIdentity } from '../core/completion.ts';
import type { FailureKind } from '../core/errors.ts';
import type { BreakerState, HealthState } from '../core/events.ts';

export interface LlmNode {
  readonly identity: BackendIdentity;
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
  /** Of a stage alone. */
  readonly branches?: readonly BranchState[];
}

export interface BranchState {
  readonly name: string;
  /** Why the branch would not be tried; undefined where it would. */
  readonly refusal: FailureKind | undefined;
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
