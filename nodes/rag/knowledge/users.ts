/** How the nodes that index and ask get at their knowledge node. */
import type { NodeAPI } from 'node-red';
import { configNode } from '../../runtime/config-node.ts';
import { type Knowledge, type KnowledgeNode, knowledgeType } from './knowledge.ts';

/**
 * Runs something with the store, which stays open for so long. The node is looked up anew each time: one that is deployed again does
 * not restart those that use it.
 * @throws LlmError what `work` throws, or why there is no store
 */
export async function withKnowledge<Result>(RED: NodeAPI, id: string | undefined, work: (knowledge: Knowledge) => Promise<Result>): Promise<Result> {
  const node = configNode(RED, id, { noun: 'knowledge store', type: knowledgeType }) as KnowledgeNode & { knowledge: Knowledge };
  const release = node.retain();
  try {
    return await work(node.knowledge);
  } finally {
    release();
  }
}
