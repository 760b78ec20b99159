import type { NodeAPI } from 'node-red';

/** For what a node leaves to the node that takes its place: acts when the deploy that closes the node is over. */
export function afterDeploy(RED: NodeAPI, act: () => void): void {
  RED.events.once('flows:started', act);
}
