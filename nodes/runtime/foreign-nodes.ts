/** The nodes of other palettes in a branch: what they throw fails the attempt, and what a deploy takes away with them is not waited for. */
import type { NodeAPI } from 'node-red';
import { LlmError } from '../core/errors.ts';
import { calls, type LlmMessage, topFrame } from './calls.ts';

const watched = new WeakSet<object>();

/** To be called by everything that opens calls; once is enough. */
export function watchForeignNodes(RED: NodeAPI): void {
  if (watched.has(RED.events)) return;
  watched.add(RED.events);
  RED.hooks.add('onComplete.llm', ({ msg, node, error }: CompleteEvent) => {
    const frame = error ? topFrame(msg) : undefined;
    if (frame) calls.settle(frame, { ok: false, failure: foreignFailure(node.node) });
  });
  RED.events.on('flows:started', () => calls.failLost());
  // What stops is gone in the next breath: a stage that stops with it need not wait for what cannot come.
  RED.events.on('flows:stopping', () => queueMicrotask(() => calls.failLost()));
}

/** What Node-RED says when a node calls done. */
interface CompleteEvent {
  msg: LlmMessage;
  node: { node: ForeignNode };
  error?: unknown;
}

interface ForeignNode {
  name?: string | undefined;
  type?: string | undefined;
}

/** The words of another node's error may hold anything, a prompt or a key: they stay where the node has put them. */
export function foreignFailure({ name, type }: ForeignNode): LlmError {
  const which = [type, name && `“${name}”`].filter(Boolean).join(' ');
  return new LlmError('server', `The node ${which} in the branch failed.`, { hint: 'Its own error stands in the log and goes to Catch nodes.' });
}
