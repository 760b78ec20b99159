import type { Node, NodeAPI } from 'node-red';
import { type IndexConfig, IndexNode } from './index-node.ts';

export default function register(RED: NodeAPI): void {
  function construct(this: Node, config: IndexConfig): void {
    RED.nodes.createNode(this, config);
    new IndexNode(RED, this, config);
  }
  RED.nodes.registerType('llm-index', construct);
}
