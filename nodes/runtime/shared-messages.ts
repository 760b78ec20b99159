/**
 * What travels between our own nodes is not copied: the message of a stage, the one on its way in a branch, and the answer hold the same payload, the
 * same settings and the same everything else. For that, our nodes put new values in the place of old ones, and never write into a value.
 * Nodes of other palettes may write into anything: what goes to one of them is copied once, and is theirs.
 */
import type { Node, NodeAPI } from 'node-red';
import type { LlmMessage } from './calls.ts';
import { lookBehind } from './wires.ts';

/** The messages whose values somebody else holds, too. A copy that Node-RED makes is none of them. */
const shared = new WeakSet<object>();

/** The nodes that never write into a value of a message. */
const careful = new WeakSet<Node>();

/** To be called by each node of ours that may get messages whose values are shared, and hands on nothing but by {@link handedOn}. */
export function writesIntoNoValue(node: Node): void {
  careful.add(node);
}

/** Another message with the same values. */
export function sharing(msg: LlmMessage): LlmMessage {
  const copy = { ...msg };
  shared.add(copy);
  return copy;
}

/** What to send out of a port for a message that is still needed as it is. */
export function copyFor(RED: NodeAPI, node: Node, port: number, msg: LlmMessage): LlmMessage {
  return leadsToOurs(RED, node, port, msg) ? sharing(msg) : RED.util.cloneMessage(msg);
}

/** What to send out of a port for a message that is not needed any more: itself, where nobody of other palettes would get what is shared. */
export function handedOn(RED: NodeAPI, node: Node, port: number, msg: LlmMessage): LlmMessage {
  return shared.has(msg) && !leadsToOurs(RED, node, port, msg) ? RED.util.cloneMessage(msg) : msg;
}

/** A request is over: what its answer shares with it, nobody else holds, unless it came with shared values itself. */
export function release(answer: LlmMessage, request: LlmMessage): void {
  if (!shared.has(request)) shared.delete(answer);
}

function leadsToOurs(RED: NodeAPI, node: Node, port: number, msg: LlmMessage): boolean {
  return lookBehind(RED, node, port, msg).first.every((next) => careful.has(next));
}
