import type { NodeAPI } from 'node-red';
import { registerNode } from '../../runtime/register.ts';
import { type RagConfig, RagNode } from './rag-node.ts';

export default function register(RED: NodeAPI): void {
  registerNode<RagConfig>(RED, 'llm-rag', (node, config) => new RagNode(RED, node, config));
}
