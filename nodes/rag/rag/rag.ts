import type { Node, NodeAPI } from 'node-red';
import { type RagConfig, RagNode } from './rag-node.ts';

export default function register(RED: NodeAPI): void {
  function construct(this: Node, config: RagConfig): void {
    RED.nodes.createNode(this, config);
    new RagNode(RED, this, config);
  }
  RED.nodes.registerType('llm-rag', construct);
}
