/** Anthropic's `/messages`, whole and as its own event stream, as its API reference has it. */
import type { Completion } from '../../core/completion.ts';
import { parseJson } from '../../core/answer-bound.ts';
import { isRecord } from '../../core/request.ts';
import { failed, head, stopReasonOf, usageOf } from './anthropic-answer.ts';
import { readAnthropicRequest } from './anthropic-request.ts';
import { MessageStream } from './anthropic-stream.ts';
import type { Format, JsonObject } from './format.ts';

export const anthropicMessages: Format = {
  idPrefix: 'msg_',
  read: readAnthropicRequest,
  whole: ({ message, finishReason, usage }, identity) => ({
    ...head(identity),
    content: contentOf(message),
    stop_reason: stopReasonOf(finishReason),
    stop_sequence: null,
    usage: usageOf(usage),
  }),
  stream: (_request, identity) => new MessageStream(identity),
  failed,
};

function contentOf({ content, tool_calls: calls = [], thinking, thinkingSignature }: Completion['message']): JsonObject[] {
  const hasThought = Boolean(thinking || thinkingSignature);
  return [
    ...(hasThought ? [{ type: 'thinking', thinking: thinking ?? '', signature: thinkingSignature ?? '' }] : []),
    ...(content ? [{ type: 'text', text: content }] : []),
    ...calls.map(({ id, function: called }) => ({ type: 'tool_use', id, name: called.name, input: inputOf(called.arguments) })),
  ];
}

/** A model may write arguments that are no object; the client's library wants one. */
function inputOf(text: string): JsonObject {
  const input = text === '' ? {} : parseJson(text);
  return isRecord(input) ? input : { arguments: text };
}
