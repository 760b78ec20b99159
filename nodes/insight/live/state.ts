/** How a node is, in one word. */
import type { LlmNode } from '../../runtime/llm-nodes.ts';
import type { NodeState } from '../sidebar/api.ts';

/** The worst that is so. */
export function stateOf(node: LlmNode): NodeState {
  const { breaker, health, busy, waiting } = node;
  if (node.isMisconfigured) return 'misconfigured';
  if (health === 'down' || isClosedAltogether(node)) return 'down';
  if (breaker === 'open') return 'open';
  if (health === 'loading') return 'loading';
  if (isDegraded(node)) return 'degraded';
  if (waiting > 0) return 'queueing';
  return busy > 0 ? 'busy' : 'ready';
}

/** A stage none of whose branches would be tried, or a backend whose server is known to be away. */
function isClosedAltogether({ refusal, breaker, branches }: LlmNode): boolean {
  if (branches) return branches.length > 0 && refusal !== undefined;
  return refusal === 'unavailable' && breaker !== 'open';
}

/** It works, but not as it should: a branch is out, a provider wants a pause, a breaker is being tried. */
function isDegraded({ refusal, breaker, branches = [] }: LlmNode): boolean {
  return refusal !== undefined || breaker === 'half_open' || branches.some((branch) => branch.refusal !== undefined);
}
