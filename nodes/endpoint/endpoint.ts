import type { Node, NodeAPI, NodeDef } from 'node-red';
import { watchForeignNodes } from '../runtime/foreign-nodes.ts';
import { EndpointNode } from './endpoint-node.ts';
import type { EndpointConfig, EndpointCredentials } from './parts.ts';

export default function register(RED: NodeAPI): void {
  watchForeignNodes(RED);
  function construct(this: Node<EndpointCredentials>, config: NodeDef & EndpointConfig): void {
    RED.nodes.createNode(this, config);
    new EndpointNode(RED, this, config);
  }
  RED.nodes.registerType('llm-endpoint', construct, { credentials: { keys: { type: 'text' } } });
}
