/** What the APIs in OpenAI's format have in common in their requests. */
import { carriedFor, carry } from '../../core/conversation/message.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import type { CompletionRequest, RequestSettings } from '../../core/request.ts';
import { badField, type FieldNames, isGiven, readSettings, readStreamField } from '../fields.ts';

const settingNames: FieldNames = {
  model: 'model',
  max_tokens: 'maxTokens',
  max_completion_tokens: 'maxTokens',
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  stop: 'stop',
  seed: 'seed',
  response_format: 'responseFormat',
  user: 'user',
  safety_identifier: 'user',
};

/** Settings that have several names, or that not every server knows: where a client has used one, it is used again. */
const spelled = ['max_completion_tokens', 'top_k', 'user', 'safety_identifier'] as const;

/** What a body says beside the prompt. @throws LlmError `invalid_request` */
export function readOpenAiSettings(body: JsonObject, readElsewhere: readonly string[]): RequestSettings {
  const { settings, own } = readSettings(body, settingNames, [...readElsewhere, 'stream', 'stream_options']);
  const spellings = Object.fromEntries(spelled.filter((name) => isGiven(body[name])).map((name) => [name, body[name]]));
  return { ...settings, ...carry('openai', { ...own, ...spellings }) };
}

export function readStream(body: JsonObject): { stream: boolean; includeUsage: boolean } {
  const { stream_options: options } = body;
  if (isGiven(options) && !isRecord(options)) throw badField('stream_options', 'stream_options must be an object.');
  return { stream: readStreamField(body), includeUsage: isRecord(options) && options['include_usage'] === true };
}

/** What a server in OpenAI's format is told in its own words. */
export interface OpenAiManner {
  /** Newer OpenAI models want `max_completion_tokens`; `auto` leaves it to the client's own word. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens' | 'auto' | undefined;
  /** Asks for a last chunk with the usage. Some compatible servers refuse the option. */
  readonly includeUsage?: boolean | undefined;
  /** Whether `top_k` is known there. */
  readonly hasTopK?: boolean | undefined;
}

/** The settings in a body. */
export function writeOpenAiSettings(request: CompletionRequest, { maxTokensField = 'auto', hasTopK = false }: OpenAiManner): JsonObject {
  const { model, maxTokens, temperature, topP, topK, stop, seed, responseFormat, user } = request;
  const own = carriedFor(request, 'openai');
  const { max_completion_tokens: newer, top_k: ownTopK, user: _user, safety_identifier: identifier, ...rest } = own;
  const limit = maxTokensField !== 'auto' ? maxTokensField : newer === undefined ? 'max_tokens' : 'max_completion_tokens';
  return {
    ...rest,
    model: model || undefined,
    [limit]: maxTokens,
    temperature,
    top_p: topP,
    ...(topK !== undefined && (hasTopK || ownTopK !== undefined) && { top_k: topK }),
    stop,
    seed,
    response_format: responseFormat,
    ...(user !== undefined && { [identifier === undefined ? 'user' : 'safety_identifier']: user }),
  };
}

/** A body that is streamed. What the node itself sets (`extra`) wins over everything but the stream. */
export function streamed(body: JsonObject, { extra }: CompletionRequest, { includeUsage = true }: OpenAiManner): JsonObject {
  return { ...body, ...extra, stream: true, ...(includeUsage && { stream_options: { include_usage: true } }) };
}
