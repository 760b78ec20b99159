/** Where the question stands in a message's payload. */
import type { ChatMessage, ContentPart } from '../../core/conversation/message.ts';
import { readMessages } from '../../core/conversation/read.ts';
import { textOf } from '../../core/conversation/text.ts';
import { LlmError } from '../../core/errors.ts';

export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** The place of the question among the messages. */
  readonly at: number;
  /** Whether it came as a string and leaves as one. */
  readonly isString: boolean;
}

/**
 * A string is the question; of chat messages it is the last one of a user.
 * @throws LlmError `invalid_request` for what is no prompt, or has no question in words
 */
export function readConversation(payload: unknown): Conversation {
  const messages = readMessages(payload);
  const at = messages.findLastIndex(({ role }) => role === 'user');
  if (at < 0) throw new LlmError('invalid_request', 'There is no message of a user in msg.payload.', { hint: 'Add one with the question: {"role": "user", "content": "…"}.' });
  const conversation = { messages, at, isString: typeof payload === 'string' };
  if (questionIn(conversation).trim() === '') {
    throw new LlmError('invalid_request', 'The last message of a user has no text.', { hint: 'Put the question into it, beside any images.' });
  }
  return conversation;
}

/** The question in a message's payload, to search passages by. @throws LlmError `invalid_request` where there is none */
export function questionOf(payload: unknown): string {
  return questionIn(readConversation(payload));
}

export function questionIn({ messages, at }: Conversation): string {
  return textOf(messages[at]?.content ?? null);
}

/** What was said before the question, a line or more for each message. */
export function historyOf({ messages, at }: Conversation): string {
  const said = messages.slice(0, at).filter(({ role, content }) => (role === 'user' || role === 'assistant') && textOf(content) !== '');
  return said.map(({ role, content }) => `${role}: ${textOf(content)}`).join('\n');
}

export function systemOf({ messages }: Conversation): string {
  const said = messages.filter(({ role }) => role === 'system' || role === 'developer');
  return said.map(({ content }) => textOf(content)).join('\n\n');
}

/** The payload with another text in place of the question. */
export function withQuestion({ messages, at, isString }: Conversation, text: string): string | ChatMessage[] {
  if (isString) return text;
  return messages.map((message, index) => (index === at ? { ...message, content: withText(message.content, text) } : message));
}

/** In place of the first of its texts; the others are in it. */
function withText(content: ChatMessage['content'], text: string): string | ContentPart[] {
  if (!Array.isArray(content)) return text;
  const first = content.findIndex(({ type }) => type === 'text');
  return content.flatMap((part, index) => (index === first ? { type: 'text', text } : part.type === 'text' ? [] : part));
}
