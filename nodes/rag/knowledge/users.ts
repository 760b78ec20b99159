/** How the nodes that index and ask get at their knowledge node. */
import type { NodeAPI } from 'node-red';
import { LlmError } from '../../core/errors.ts';
import type { Knowledge, KnowledgeNode } from './knowledge.ts';

/**
 * Runs something with the store, which stays open for so long. The node is looked up anew each time: one that is deployed again does
 * not restart those that use it.
 * @throws LlmError what `work` throws, or why there is no store
 */
export async function withKnowledge<Result>(RED: NodeAPI, id: string | undefined, work: (knowledge: Knowledge) => Promise<Result>): Promise<Result> {
  const node = RED.nodes.getNode(id ?? '') as KnowledgeNode | null | undefined;
  if (!node?.knowledge) throw node?.problem ?? new LlmError('not_found', 'The node has no knowledge store.', { hint: 'Open the node and choose or add one.' });
  const release = node.retain();
  try {
    return await work(node.knowledge);
  } finally {
    release();
  }
}
