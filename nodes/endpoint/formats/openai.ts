/** What the APIs in OpenAI's format have in common: settings, usage, failures. */
import type { FinishReason, Usage } from '../../core/completion.ts';
import { LlmError } from '../../core/errors.ts';
import { isRecord, type RequestSettings } from '../../core/request.ts';
import { statusFor } from '../status.ts';
import type { JsonObject } from './format.ts';

/** Settings whose names differ. */
const renamed: Record<string, keyof RequestSettings> = {
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

/** What a body says beside the prompt; fields that nobody here knows go on to the provider as they are. `known` are those read elsewhere. */
export function readSettings(body: JsonObject, known: readonly string[]): RequestSettings {
  if (body['n'] !== undefined && body['n'] !== null && body['n'] !== 1) throw badField('n', 'n must be 1: one request gives one answer.');
  const settings: JsonObject = {};
  const extra: JsonObject = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined || known.includes(name) || common.includes(name)) continue;
    if (Object.hasOwn(renamed, name)) settings[renamed[name] as string] = value;
    else extra[name] = value;
  }
  return { ...settings, ...(Object.keys(extra).length > 0 && { extra }) };
}

/** Read by {@link readStream} and {@link readSettings}. */
const common: readonly string[] = ['n', 'stream', 'stream_options'];

export function readStream({ stream, stream_options: options }: JsonObject): { stream: boolean; includeUsage: boolean } {
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') throw badField('stream', 'stream must be true or false.');
  return { stream: stream === true, includeUsage: isRecord(options) && options['include_usage'] === true };
}

export function badField(field: string, message: string): LlmError {
  return new LlmError('invalid_request', message, { hint: `Correct ${field} in the request.` });
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

/** OpenAI knows no unknown reason. */
export function finishReasonOf(reason: FinishReason): string {
  return reason === 'unknown' ? 'stop' : reason;
}

/** `code` is the kind of failure. */
export function failedBody({ message, kind }: LlmError, status: number): JsonObject {
  return { error: { message, type: typeOf(status), param: null, code: kind } };
}

/** The event that tells of a failure in the middle of a stream. */
export function failedEvent(failure: LlmError): string {
  return event(failedBody(failure, statusFor(failure.kind)));
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
