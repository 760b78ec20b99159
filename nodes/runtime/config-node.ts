/** The config node that another node has chosen: there may be none, or one of something else. */
import type { Node, NodeAPI } from 'node-red';
import { LlmError } from '../core/errors.ts';

/** What is looked for, such as the account of the type `llm-openai-account`. */
export interface ConfigNodeWanted {
  /** What people call it. */
  readonly noun: string;
  readonly type: string;
}

/** A config node that may have failed to start. */
interface Failing extends Node<object> {
  readonly problem?: LlmError | undefined;
}

/** @throws LlmError `misconfigured` where there is none or it is of another type; whatever is wrong with its settings */
export function configNode(RED: NodeAPI, id: unknown, { noun, type }: ConfigNodeWanted): Node<object> {
  const chosen = typeof id === 'string' && id !== '';
  // Against its type, Node-RED's own function gives undefined or null for a node that does not run.
  const node = chosen ? (RED.nodes.getNode(id) as Failing | null | undefined) : undefined;
  if (!node) {
    throw chosen
      ? misconfigured(`The ${noun} that the node uses is not there.`, `It was deleted or disabled: open the node and choose another ${noun}.`)
      : misconfigured(`The node has no ${noun}.`, `Open the node and choose or add the ${noun}.`);
  }
  if (node.type !== type) throw misconfigured(`The node's ${noun} must be of the type ${type}, and the one it uses is of the type ${node.type}.`, `Open the node and choose another ${noun}.`);
  if (node.problem) throw node.problem;
  return node;
}

function misconfigured(message: string, hint: string): LlmError {
  return new LlmError('misconfigured', message, { hint });
}
