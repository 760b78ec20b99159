import type { NodeAPI } from 'node-red';
import { bus } from '../../core/events.ts';
import { prepareAccess } from '../../runtime/access.ts';
import { registerNode } from '../../runtime/register.ts';
import { type MonitorConfig, type MonitorCredentials, MonitorNode } from './monitor-node.ts';

export default function register(RED: NodeAPI): void {
  prepareAccess(RED);
  bus.reportTo((error) => RED.log.error(`A listener of the LLM events failed: ${String(error)}`));
  registerNode<MonitorConfig, MonitorCredentials>(RED, 'llm-monitor', (node, config) => new MonitorNode(RED, node, config), { token: { type: 'password' } });
}
