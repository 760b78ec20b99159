/** Asks a backend or a stage from outside of the flow, as the editor does. */
import type { Node } from 'node-red';
import { calls, type LlmMessage } from './calls.ts';
import { sharing } from './shared-messages.ts';
import { type Asked, type Asking, llmNode, type LlmNode } from './llm-nodes.ts';

/** In the place of a stage's id: no node has it, so no branch leads back to it. */
const outside = 'llm-editor';

/** How the ids of requests begin that come so. */
export const trialPrefix = 'trial-';

/** Sends the message to the node as a wire would; what the node answers comes back here. */
export function askNode(node: Node, llm: LlmNode, msg: LlmMessage, { signal, sink }: Asking): Asked {
  const id = trialPrefix + crypto.randomUUID();
  const isLost = () => llmNode(node.id) !== llm;
  const { frame, outcome } = calls.open(outside, { msg, signal, sink, deadline: Infinity, isLost, trial: id });
  const sent = sharing(msg);
  sent._llmCalls = [frame];
  node.receive(sent);
  return { id, answer: answerOf(outcome) };
}

async function answerOf(outcome: ReturnType<typeof calls.open>['outcome']): Promise<LlmMessage> {
  const settled = await outcome;
  if (!settled.ok) throw settled.failure;
  return settled.msg;
}
