/** OpenAI's own client as a client of ours, so that the rows meet what its users meet behind an endpoint. */
import OpenAI from 'openai';
import type { AttemptContext, ModelClient } from '../../../nodes/core/client.ts';
import type { FinishReason, StreamPart } from '../../../nodes/core/completion.ts';
import { type FailureKind, failureKinds, LlmError } from '../../../nodes/core/errors.ts';
import { type CompletionRequest, textsToEmbed } from '../../../nodes/core/request.ts';
import { writeRequest as chatBody } from '../../../nodes/formats/openai-chat/request-out.ts';

export class SdkClient implements ModelClient {
  readonly provider;
  readonly #openai: OpenAI;

  constructor(baseURL: string) {
    this.provider = { id: 'endpoint', label: 'The endpoint', url: baseURL };
    this.#openai = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
  }

  async *stream(request: CompletionRequest, { signal, onConnected }: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    onConnected();
    const model = request.model || 'any';
    try {
      const texts = textsToEmbed(request);
      if (texts) {
        await this.#openai.embeddings.create({ model, input: texts }, { signal });
        return;
      }
      const body = { ...chatBody(request), model } as unknown as OpenAI.ChatCompletionCreateParamsStreaming;
      for await (const chunk of await this.#openai.chat.completions.create(body, { signal })) yield partsOf(chunk);
    } catch (error) {
      throw asFailure(error);
    }
  }
}

function partsOf({ choices: [choice], usage }: OpenAI.ChatCompletionChunk): StreamPart[] {
  const parts: StreamPart[] = [];
  if (choice?.delta.content) parts.push({ type: 'text', text: choice.delta.content });
  for (const { index, id, function: called } of choice?.delta.tool_calls ?? []) {
    parts.push({ type: 'toolCall', index, ...(id && { id }), ...(called?.name && { name: called.name }), ...(called?.arguments && { arguments: called.arguments }) });
  }
  if (choice?.finish_reason) parts.push({ type: 'finish', reason: choice.finish_reason as FinishReason });
  if (usage) {
    const { prompt_tokens: inputTokens, completion_tokens: outputTokens, prompt_tokens_details: details } = usage;
    parts.push({ type: 'usage', usage: { inputTokens, outputTokens, ...(details?.cached_tokens !== undefined && { cachedInputTokens: details.cached_tokens }) } });
  }
  return parts;
}

/** The endpoint puts the kind into `code`, and the hint behind the message. */
function asFailure(error: unknown): unknown {
  if (!(error instanceof OpenAI.APIError) || !isKind(error.code)) return error;
  return new LlmError(error.code, error.message, { hint: error.message, ...(error.status && { status: error.status }) });
}

function isKind(code: unknown): code is FailureKind {
  return (failureKinds as readonly unknown[]).includes(code);
}
