/** How every node of the palette comes to be: its config, whatever version has saved it, is brought to the shape of today first. */
import type { Node, NodeAPI, NodeCredentials, NodeDef } from 'node-red';
import { migrated } from '../core/migrations/migrate.ts';
import type { NodeConfig } from '../core/migrations/steps.ts';

/** Runs once for each node of a type. */
export type Start<Config, Credentials extends object> = (node: Node<Credentials>, config: Config) => void;

export function registerNode<Config extends NodeDef, Credentials extends object = object>(
  RED: NodeAPI,
  type: string,
  start: Start<Config, Credentials>,
  credentials?: NodeCredentials<Credentials>,
): void {
  function construct(this: Node<Credentials>, saved: Config): void {
    // Node-RED hangs what no copy has on the object: the flow that the node is in.
    RED.nodes.createNode(this, saved);
    start(this, migrated(type, saved as Config & NodeConfig));
  }
  RED.nodes.registerType(type, construct, credentials && { credentials });
}
