/** What the APIs in OpenAI's format have in common: settings, usage, log probabilities, failures. */
import type { FinishReason, Usage } from '../../core/completion.ts';
import type { LlmError } from '../../core/errors.ts';
import { isRecord, type RequestSettings } from '../../core/request.ts';
import { statusFor } from '../status.ts';
import { badField, type FieldNames, readFields, readStreamField } from './fields.ts';
import type { JsonObject } from './format.ts';

const settingNames: FieldNames = {
  model: 'model',
  max_tokens: 'maxTokens',
  max_completion_tokens: 'maxTokens',
  temperature: 'temperature',
  top_p: 'topP',
  stop: 'stop',
  seed: 'seed',
  tools: 'tools',
  tool_choice: 'toolChoice',
  response_format: 'responseFormat',
};

/** What a body says beside the prompt, which stands in the fields `promptFields`. @throws LlmError `invalid_request` */
export function readSettings(body: JsonObject, promptFields: readonly string[]): RequestSettings {
  if (body['n'] !== undefined && body['n'] !== null && body['n'] !== 1) throw badField('n', 'n must be 1: one request gives one answer.');
  return readFields(body, settingNames, [...promptFields, 'n', 'stream', 'stream_options']);
}

export function readStream(body: JsonObject): { stream: boolean; includeUsage: boolean } {
  const { stream_options: options } = body;
  if (options !== undefined && options !== null && !isRecord(options)) throw badField('stream_options', 'stream_options must be an object.');
  return { stream: readStreamField(body), includeUsage: options?.['include_usage'] === true };
}

export function usageOf({ inputTokens, outputTokens, cachedInputTokens, reasoningTokens }: Usage): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cachedInputTokens !== undefined && { prompt_tokens_details: { cached_tokens: cachedInputTokens } }),
    ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  };
}

/** Providers give log probabilities chunk by chunk, as lists that go on. */
export function mergedLogprobs(all: readonly unknown[] = []): JsonObject | null {
  const merged: JsonObject = {};
  for (const [name, value] of all.filter(isRecord).flatMap(Object.entries<unknown>)) {
    const list = merged[name];
    if (Array.isArray(list) && Array.isArray(value)) list.push(...(value as unknown[]));
    else merged[name] ??= Array.isArray(value) ? [...(value as unknown[])] : value;
  }
  return Object.keys(merged).length > 0 ? merged : null;
}

/** OpenAI knows no unknown reason. */
export function finishReasonOf(reason: FinishReason): string {
  return reason === 'unknown' ? 'stop' : reason;
}

/** `code` is the kind of failure. */
export function failedBody({ message, kind }: LlmError, status: number, llm?: JsonObject): JsonObject {
  return { error: { message, type: typeOf(status), param: null, code: kind }, ...(llm && { llm }) };
}

/** The event that tells of a failure in the middle of a stream. */
export function failedEvent(failure: LlmError, llm?: JsonObject): string {
  return event(failedBody(failure, statusFor(failure.kind), llm));
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

export const streamEnd = 'data: [DONE]\n\n';

export function event(data: JsonObject): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
