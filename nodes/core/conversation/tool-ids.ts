/** The ids by which results of tools are matched with calls, where a provider takes other ids than the conversation has. */
import type { Block, ChatMessage, ToolCall } from './message.ts';

/** Which ids a provider takes. */
export interface ToolIds {
  readonly isLegal: (id: string) => boolean;
  /** A legal id in place of another, always the same one; each attempt gives another. */
  readonly make: (id: string, attempt: number) => string;
}

/**
 * The conversation with ids that are legal and different from each other: the same for a call and its result, the same in each turn of the
 * conversation.
 */
export function withLegalIds(messages: readonly ChatMessage[], { isLegal, make }: ToolIds): readonly ChatMessage[] {
  const ids = messages.flatMap(({ tool_calls: calls }) => (calls ?? []).map(({ id }) => id));
  if (ids.every(isLegal) && new Set(ids).size === ids.length) return messages;
  const used = new Set<string>();
  /** What a call was renamed to, by its own id: the last one of that id. */
  const renamed = new Map<string, string>();
  const rename = (id: string): string => {
    let unique = isLegal(id) ? id : make(id, 0);
    for (let attempt = 1; used.has(unique); attempt++) unique = make(id, attempt);
    used.add(unique);
    renamed.set(id, unique);
    return unique;
  };
  return messages.map((message) => {
    if (message.role === 'tool') return { ...message, tool_call_id: renamed.get(message.tool_call_id ?? '') ?? message.tool_call_id ?? '' };
    return message.tool_calls?.length ? withCalls(message, message.tool_calls.map((call) => ({ ...call, id: rename(call.id) }))) : message;
  });
}

function withCalls(message: ChatMessage, calls: ToolCall[]): ChatMessage {
  let next = 0;
  const blocks = message.blocks?.map((block): Block => (block.type === 'call' ? { type: 'call', call: calls[next++] ?? block.call } : block));
  return { ...message, tool_calls: calls, ...(blocks && { blocks }) };
}
