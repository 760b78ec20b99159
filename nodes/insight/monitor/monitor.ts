import type { Node, NodeAPI } from 'node-red';
import { bus } from '../../core/events.ts';
import { type MonitorConfig, type MonitorCredentials, MonitorNode } from './monitor-node.ts';

export default function register(RED: NodeAPI): void {
  bus.reportTo((error) => RED.log.error(`A listener of the LLM events failed: ${String(error)}`));
  function construct(this: Node<MonitorCredentials>, config: MonitorConfig): void {
    RED.nodes.createNode(this, config);
    new MonitorNode(RED, this, config);
  }
  RED.nodes.registerType('llm-monitor', construct, { credentials: { token: { type: 'password' } } });
}
