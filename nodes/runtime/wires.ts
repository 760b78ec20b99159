/** Looks along the wires of the running flows: what lies behind a port. */
import type { Node, NodeAPI } from 'node-red';
import type { LlmMessage } from './calls.ts';

/** A node as the runtime holds it: its wires are live, for a rewiring does not restart it. A link out's lead to its link ins. */
interface WiredNode extends Node {
  wires?: string[][];
}

/** What lies behind a port. */
export interface Behind {
  /** The nodes that run, the nearest first. */
  readonly nodes: readonly Node[];
  /** Those that get the message first: what hands it on as it is, a junction, a link or the edge of a subflow, is not among them. */
  readonly first: readonly Node[];
  /** The ids of those that do not: they are disabled, or being deployed. */
  readonly missing: ReadonlySet<string>;
}

/** More than any flow has; messages from outside could ask for more and more. */
const maxKnown = 10_000;

/** What was found, until the flows change. */
const found = new WeakMap<object, Map<string, Behind>>();

/** The nodes that a port is wired to and that run now: in the middle of a deploy some may not. */
export function wiredTo(RED: NodeAPI, node: Node, port: number): Node[] {
  return idsAt(node, port).map((id) => findNode(RED, id)).filter((next) => next !== undefined);
}

export function isWired(node: Node, port: number): boolean {
  return idsAt(node, port).length > 0;
}

function idsAt(node: WiredNode, port: number): readonly string[] {
  return node.wires?.[port] ?? [];
}

/** All that lies behind a port. Follows a link out in return mode to the link call that waits for the message. */
export function lookBehind(RED: NodeAPI, node: Node, port: number, msg: LlmMessage): Behind {
  const known = cacheOf(RED);
  const callers = linkCallers(RED, msg);
  const key = [node.id, port, ...callers].join();
  let all = known.get(key);
  if (!all) {
    if (known.size >= maxKnown) known.clear();
    known.set(key, (all = walk(RED, idsAt(node, port), callers)));
  }
  return all;
}

/** True where a message would come to a node that does not run before it comes to one of those that tell of it themselves. */
export function isBroken(RED: NodeAPI, node: Node, port: number, msg: LlmMessage, tells: (node: Node) => boolean): boolean {
  return walk(RED, idsAt(node, port), linkCallers(RED, msg), tells).missing.size > 0;
}

/** True where one of the nodes was replaced, removed or wired off, or was missing and is there now: a message on its way there is lost. */
export function hasChanged(before: Behind, now: Behind): boolean {
  return before.nodes.some((node) => !now.nodes.includes(node)) || [...before.missing].some((id) => !now.missing.has(id));
}

function walk(RED: NodeAPI, from: readonly string[], callers: readonly string[], isEnd = (_node: Node) => false): Behind {
  /** Each id with how many link calls wait for the message when it comes there. */
  const ids = new Map(from.map((id) => [id, callers.length]));
  const nodes: Node[] = [];
  const missing = new Set<string>();
  // A map gives what is added while it is walked.
  for (const [id, waiting] of ids) {
    const node = findNode(RED, id);
    if (!node) {
      missing.add(id);
      continue;
    }
    nodes.push(node);
    if (isEnd(node)) continue;
    const leaves = wiresOf(node);
    const returns = node.type === 'link out' && leaves.length === 0;
    const caller = returns ? findNode(RED, callers[waiting - 1] ?? '') : undefined;
    for (const next of caller ? wiresOf(caller) : leaves) {
      if (!ids.has(next)) ids.set(next, returns ? waiting - 1 : waiting);
    }
  }
  return { nodes, first: firstOf(RED, from), missing };
}

function firstOf(RED: NodeAPI, from: readonly string[]): Node[] {
  const ids = new Set(from);
  const first: Node[] = [];
  // A set gives what is added while it is walked.
  for (const id of ids) {
    const node = findNode(RED, id);
    if (node && handsOnAsItIs(node)) for (const next of wiresOf(node)) ids.add(next);
    else if (node) first.push(node);
  }
  return first;
}

/** A link out that returns to a link call takes the call off the message: that is another thing. */
function handsOnAsItIs(node: Node): boolean {
  const { type } = node;
  return type === 'junction' || type === 'link in' || type.startsWith('subflow:') || (type === 'link out' && wiresOf(node).length > 0);
}

function wiresOf({ wires = [] }: WiredNode): string[] {
  return wires.flat();
}

/** The link call nodes that wait for this message, the innermost last. A message that came from outside may name anything, and any number: those that run count. */
function linkCallers(RED: NodeAPI, { _linkSource: sources }: LlmMessage): string[] {
  if (!Array.isArray(sources)) return [];
  return sources.slice(-maxCallers).map((source: unknown) => {
    const { node: id } = (source ?? {}) as { node?: unknown };
    return typeof id === 'string' && findNode(RED, id) ? id : '';
  });
}

/** Nobody nests link calls as deep. */
const maxCallers = 100;

/** Against its type, Node-RED's own function gives undefined or null for a node that does not run. */
function findNode(RED: NodeAPI, id: string): Node | undefined {
  const node: Node | null | undefined = RED.nodes.getNode(id);
  return node ?? undefined;
}

function cacheOf(RED: NodeAPI): Map<string, Behind> {
  let known = found.get(RED.events);
  if (!known) {
    const fresh = (known = new Map<string, Behind>());
    found.set(RED.events, fresh);
    for (const event of ['flows:stopping', 'flows:starting', 'flows:started']) RED.events.on(event, () => fresh.clear());
  }
  return known;
}
