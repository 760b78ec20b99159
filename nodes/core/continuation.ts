/** Lets another model go on where one broke off in the middle of its answer. */
import type { Completion } from './completion.ts';
import type { ChatMessage } from './conversation/message.ts';
import { readMessages } from './conversation/read.ts';

/** A question of its own, for not every provider goes on from an assistant's message that comes last. */
export const continueRequest = 'Your answer was cut off. Go on exactly where it ends, without repeating any of it and without a word about the interruption.';

/**
 * The conversation that asks for the rest of an answer; undefined where there can be none:
 * nothing was said yet, or tools are in play, whose calls cannot be put together of two halves.
 * @throws LlmError `invalid_request` for a payload that is no prompt
 */
export function continuationOf(payload: unknown, said: string, tools: unknown): ChatMessage[] | undefined {
  const asked = readMessages(payload);
  // Asked for the rest of an answer itself: then what was said before belongs to it.
  const { messages, said: before } = continued(asked) ?? { messages: asked, said: '' };
  const hasTools = (Array.isArray(tools) && tools.length > 0) || messages.some(({ role, tool_calls: calls }) => role === 'tool' || calls !== undefined);
  if (said === '' || hasTools) return undefined;
  return [...messages, { role: 'assistant', content: before + said }, { role: 'user', content: continueRequest }];
}

/** What an answer that goes on from a conversation by {@link continuationOf} continues; undefined for any other conversation. */
export function continued(messages: readonly ChatMessage[]): { messages: ChatMessage[]; said: string } | undefined {
  const [said, request] = messages.slice(-2);
  if (request?.content !== continueRequest || said?.role !== 'assistant' || typeof said.content !== 'string') return undefined;
  return { messages: messages.slice(0, -2), said: said.content };
}

/** The answer as a whole, in its text and its message. */
export function joinContinuation(said: string, completion: Completion): Completion {
  const text = said + completion.text;
  return { ...completion, text, message: { ...completion.message, content: text } };
}
