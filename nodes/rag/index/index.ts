import type { NodeAPI } from 'node-red';
import { registerNode } from '../../runtime/register.ts';
import { type IndexConfig, IndexNode } from './index-node.ts';

export default function register(RED: NodeAPI): void {
  registerNode<IndexConfig>(RED, 'llm-index', (node, config) => new IndexNode(RED, node, config));
}
