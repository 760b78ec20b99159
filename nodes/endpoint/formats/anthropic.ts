/** Anthropic's `/messages`, whole and as its own event stream, as its API reference has it. */
import type { Completion, FinishReason, StreamPart, Usage } from '../../core/completion.ts';
import type { LlmError } from '../../core/errors.ts';
import { statusFor } from '../status.ts';
import { readAnthropicRequest } from './anthropic-request.ts';
import type { AnswerIdentity, Format, JsonObject, StreamWriter } from './format.ts';

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

function head({ id, model }: AnswerIdentity): JsonObject {
  return { id, type: 'message', role: 'assistant', model };
}

function contentOf({ content, tool_calls: calls = [], thinking, thinkingSignature }: Completion['message']): JsonObject[] {
  return [
    ...(thinking ? [{ type: 'thinking', thinking, signature: thinkingSignature ?? '' }] : []),
    ...(content ? [{ type: 'text', text: content }] : []),
    ...calls.map(({ id, function: called }) => ({ type: 'tool_use', id, name: called.name, input: parsedInput(called.arguments) })),
  ];
}

/** A model may write arguments that are no JSON; the client's library wants an object. */
function parsedInput(text: string): unknown {
  try {
    return JSON.parse(text || '{}');
  } catch {
    return { arguments: text };
  }
}

const stopReasons: Record<FinishReason, string> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal', unknown: 'end_turn' };

function stopReasonOf(reason: FinishReason): string {
  return stopReasons[reason];
}

function usageOf({ inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0 }: Usage): JsonObject {
  return {
    input_tokens: Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedInputTokens,
    output_tokens: outputTokens,
  };
}

function failed({ message }: LlmError, status: number): JsonObject {
  return { type: 'error', error: { type: errorTypes[status] ?? 'api_error', message } };
}

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

type BlockType = 'text' | 'thinking' | 'tool_use';

class MessageStream implements StreamWriter {
  readonly #identity: AnswerIdentity;
  /** How many content blocks have begun. */
  #blocks = 0;
  /** The block that is open, and for a tool call which one. */
  #open: { type: BlockType; call?: number } | undefined;

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
  }

  begin(): string {
    const usage = { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 };
    const message = { ...head(this.#identity), content: [], stop_reason: null, stop_sequence: null, usage };
    return event({ type: 'message_start', message });
  }

  parts(parts: readonly StreamPart[]): string {
    return parts.map((part) => this.#part(part)).join('');
  }

  end({ finishReason, usage }: Completion): string {
    const delta = { stop_reason: stopReasonOf(finishReason), stop_sequence: null };
    return this.#close() + event({ type: 'message_delta', delta, usage: usageOf(usage) }) + event({ type: 'message_stop' });
  }

  fail(failure: LlmError): string {
    return event(failed(failure, statusFor(failure.kind)));
  }

  #part(part: StreamPart): string {
    switch (part.type) {
      case 'text':
        return this.#inBlock('text', { type: 'text', text: '' }) + this.#delta({ type: 'text_delta', text: part.text });
      case 'thinking': {
        const begun = this.#inBlock('thinking', { type: 'thinking', thinking: '', signature: '' });
        const signed = part.signature === undefined ? '' : this.#delta({ type: 'signature_delta', signature: part.signature });
        return begun + (part.text === '' ? '' : this.#delta({ type: 'thinking_delta', thinking: part.text })) + signed;
      }
      case 'toolCall': {
        const begun = this.#inBlock('tool_use', { type: 'tool_use', id: part.id ?? `call_${part.index}`, name: part.name ?? '', input: {} }, part.index);
        return begun + (part.arguments ? this.#delta({ type: 'input_json_delta', partial_json: part.arguments }) : '');
      }
      default:
        return '';
    }
  }

  /** Opens a block where another one, or none, is open. */
  #inBlock(type: BlockType, block: JsonObject, call?: number): string {
    if (this.#open?.type === type && this.#open.call === call) return '';
    const closed = this.#close();
    this.#open = { type, ...(call !== undefined && { call }) };
    return closed + event({ type: 'content_block_start', index: this.#blocks++, content_block: block });
  }

  #close(): string {
    if (!this.#open) return '';
    this.#open = undefined;
    return event({ type: 'content_block_stop', index: this.#blocks - 1 });
  }

  #delta(delta: JsonObject): string {
    return event({ type: 'content_block_delta', index: this.#blocks - 1, delta });
  }
}

function event(data: JsonObject): string {
  return `event: ${String(data['type'])}\ndata: ${JSON.stringify(data)}\n\n`;
}
