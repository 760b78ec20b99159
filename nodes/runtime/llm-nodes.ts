import type { FailureKind } from '../core/errors.ts';

/** The backends and stages that run, by their ids: what a stage can know of the nodes in its branches before it sends. */
export interface LlmNode {
  /** Why a request would be turned away at once or find the server down; undefined where it would be tried. */
  readonly refusal: FailureKind | undefined;
}

const running = new Map<string, LlmNode>();

/** Returns the function that takes the node out again. */
export function announce(id: string, node: LlmNode): () => void {
  running.set(id, node);
  return () => {
    // A node that was deployed anew may stand there already.
    if (running.get(id) === node) running.delete(id);
  };
}

export function llmNode(id: string): LlmNode | undefined {
  return running.get(id);
}
