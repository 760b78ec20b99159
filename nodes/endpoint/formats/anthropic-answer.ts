/** What whole and streamed messages in Anthropic's format have in common: why they end, usage, failures. */
import type { FinishReason, Usage } from '../../core/completion.ts';
import type { LlmError } from '../../core/errors.ts';
import type { AnswerIdentity, JsonObject } from './format.ts';

export function head({ id, model }: AnswerIdentity): JsonObject {
  return { id, type: 'message', role: 'assistant', model };
}

const stopReasons: Record<FinishReason, string> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal', unknown: 'end_turn' };

export function stopReasonOf(reason: FinishReason): string {
  return stopReasons[reason];
}

/** `input_tokens` counts only what neither came from the cache nor went there; a provider's figures may not add up. */
export function usageOf({ inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, reasoningTokens }: Usage): JsonObject {
  const read = Math.min(cachedInputTokens, inputTokens);
  const written = Math.min(cacheWriteTokens, inputTokens - read);
  return {
    input_tokens: inputTokens - read - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: outputTokens,
    ...(reasoningTokens !== undefined && { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  };
}

export function failed({ message }: LlmError, status: number): JsonObject {
  return { type: 'error', error: { type: errorTypes[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'), message } };
}

const errorTypes: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};
