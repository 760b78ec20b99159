import type { NodeAPI, NodeDef } from 'node-red';
import { prepareAccess } from '../runtime/access.ts';
import { watchForeignNodes } from '../runtime/foreign-nodes.ts';
import { registerNode } from '../runtime/register.ts';
import { EndpointNode } from './endpoint-node.ts';
import type { EndpointConfig, EndpointCredentials } from './parts.ts';

export default function register(RED: NodeAPI): void {
  watchForeignNodes(RED);
  prepareAccess(RED);
  registerNode<NodeDef & EndpointConfig, EndpointCredentials>(RED, 'llm-endpoint', (node, config) => new EndpointNode(RED, node, config), { keys: { type: 'password' } });
}
