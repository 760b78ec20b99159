/** Looks along the wires of the running flows: what lies behind a port. */
import type { Node, NodeAPI } from 'node-red';
import type { LlmMessage } from './calls.ts';

/** A node as the runtime holds it: its wires are live, for a rewiring does not restart it. A link out's lead to its link ins. */
interface WiredNode extends Node {
  wires?: string[][];
}

/** What was found, until the flows change. */
const found = new WeakMap<object, Map<string, readonly Node[]>>();

/** The nodes that a port is wired to and that run now: in the middle of a deploy some may not. */
export function wiredTo(RED: NodeAPI, node: Node, port: number): Node[] {
  return ((node as WiredNode).wires?.[port] ?? []).map((id) => findNode(RED, id)).filter((next) => next !== undefined);
}

export function isWired(node: Node, port: number): boolean {
  return ((node as WiredNode).wires?.[port] ?? []).length > 0;
}

/** All nodes behind a port, the nearest first. Follows a link out in return mode to the link call that waits for the message. */
export function nodesBehind(RED: NodeAPI, node: Node, port: number, msg: LlmMessage): readonly Node[] {
  const known = cacheOf(RED);
  const callers = linkCallers(msg);
  const key = [node.id, port, ...callers].join();
  let nodes = known.get(key);
  if (!nodes) known.set(key, (nodes = walk(RED, wiredTo(RED, node, port), callers)));
  return nodes;
}

/** True where one of the nodes has been replaced or removed since it was found. */
export function areGone(RED: NodeAPI, nodes: readonly Node[]): boolean {
  return nodes.some((node) => findNode(RED, node.id) !== node);
}

function walk(RED: NodeAPI, from: readonly Node[], callers: readonly string[]): Node[] {
  /** Each node with how many link calls wait for the message when it comes there. */
  const nodes = new Map(from.map((node) => [node, callers.length]));
  // A map gives what is added while it is walked.
  for (const [node, waiting] of nodes) {
    const leaves = wiresOf(node);
    const returns = node.type === 'link out' && leaves.length === 0;
    const caller = returns ? findNode(RED, callers[waiting - 1] ?? '') : undefined;
    for (const id of caller ? wiresOf(caller) : leaves) {
      const next = findNode(RED, id);
      if (next && !nodes.has(next)) nodes.set(next, returns ? waiting - 1 : waiting);
    }
  }
  return [...nodes.keys()];
}

function wiresOf({ wires = [] }: WiredNode): string[] {
  return wires.flat();
}

/** The link call nodes that wait for this message, the innermost last. */
function linkCallers({ _linkSource: sources }: LlmMessage): string[] {
  return Array.isArray(sources) ? sources.map(({ node }) => String(node)) : [];
}

/** Against its type, Node-RED's own function gives undefined or null for a node that does not run. */
function findNode(RED: NodeAPI, id: string): Node | undefined {
  const node: Node | null | undefined = RED.nodes.getNode(id);
  return node ?? undefined;
}

function cacheOf(RED: NodeAPI): Map<string, readonly Node[]> {
  let known = found.get(RED.events);
  if (!known) {
    const fresh = (known = new Map<string, readonly Node[]>());
    found.set(RED.events, fresh);
    for (const event of ['flows:stopping', 'flows:starting', 'flows:started']) RED.events.on(event, () => fresh.clear());
  }
  return known;
}
