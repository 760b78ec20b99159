/** Every provider wants the results of tools directly behind the calls; clients put text between, or send them later. */
import type { ChatMessage } from './message.ts';

/** The conversation with each result behind the turn that has its call. A result whose call is not there stays where it is. */
export function resultsBehindCalls(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  if (isInOrder(messages)) return messages;
  const ordered: ChatMessage[] = [];
  const placed = new Set<ChatMessage>();
  messages.forEach((message, at) => {
    if (placed.has(message)) return;
    ordered.push(message);
    const open = new Set(idsOf(message));
    for (let next = at + 1; open.size > 0 && next < messages.length; next++) {
      const later = messages[next] as ChatMessage;
      // An id that is called once more is another call.
      if (idsOf(later).some((id) => open.has(id))) break;
      if (later.role !== 'tool' || !open.delete(later.tool_call_id ?? '')) continue;
      ordered.push(later);
      placed.add(later);
    }
  });
  return ordered;
}

function idsOf({ tool_calls: calls }: ChatMessage): string[] {
  return (calls ?? []).map(({ id }) => id);
}

function isInOrder(messages: readonly ChatMessage[]): boolean {
  let open = new Set<string>();
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id ?? '')) return false;
    } else open = new Set(idsOf(message));
  }
  return true;
}
