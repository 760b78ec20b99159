/** Bodies in OpenAI's format, which OpenAI, llama.cpp, vLLM and most others take. */
import { asPrompt, type ChatMessage } from './messages.ts';
import { isRecord, type CompletionRequest } from './request.ts';

export interface OpenAiBodyOptions {
  /** Newer OpenAI models want `max_completion_tokens`. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** Asks for a last chunk with the usage. Some compatible servers refuse the option. */
  includeUsage?: boolean;
}

export type JsonObject = Record<string, unknown>;

/** The body for `/chat/completions`, streamed. `extra` wins over everything but the stream. */
export function chatBody(request: CompletionRequest, options: OpenAiBodyOptions = {}): JsonObject {
  const { messages, tools, toolChoice } = request;
  return finish({ messages: messages.map(plainMessage), tools, tool_choice: toolChoice, ...sharedFields(request, options) }, request, options);
}

/** The body for `/completions`, streamed: the conversation as one text. @throws LlmError where there are images */
export function completionsBody(request: CompletionRequest, options: OpenAiBodyOptions = {}): JsonObject {
  return finish({ prompt: asPrompt(request.messages), ...sharedFields(request, options) }, request, options);
}

function sharedFields(request: CompletionRequest, { maxTokensField = 'max_tokens' }: OpenAiBodyOptions): JsonObject {
  const { model, maxTokens, temperature, topP, stop, seed, responseFormat } = request;
  return {
    model: model || undefined,
    [maxTokensField]: maxTokens,
    temperature,
    top_p: topP,
    stop,
    seed,
    response_format: responseFormat,
  };
}

function finish(body: JsonObject, { extra }: CompletionRequest, { includeUsage = true }: OpenAiBodyOptions): JsonObject {
  return { ...body, ...extra, stream: true, ...(includeUsage && { stream_options: { include_usage: true } }) };
}

/** What we add to an answer's message for our own use is no field of OpenAI's. */
function plainMessage(message: ChatMessage): ChatMessage {
  if (!('thinking' in message) && !('thinkingSignature' in message)) return message;
  const { thinking: _thinking, thinkingSignature: _signature, ...plain } = message as ChatMessage & Record<string, unknown>;
  return plain;
}

/** The names in the answer of `/models`. */
export function readModelNames(list: unknown): string[] {
  const data = isRecord(list) ? list['data'] : undefined;
  if (!Array.isArray(data)) return [];
  return data.flatMap((model: unknown) => (isRecord(model) && typeof model['id'] === 'string' ? [model['id']] : []));
}
