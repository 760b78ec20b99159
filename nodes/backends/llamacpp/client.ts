/** llama.cpp's two APIs: OpenAI's chat with its own sampling options, and its native completion. */
import { classifyAnswer, garbage } from '../../core/classify.ts';
import type { AttemptContext, ModelClient } from '../../core/client.ts';
import type { FinishReason, StreamPart } from '../../core/completion.ts';
import { parseJson } from '../../core/http.ts';
import { asPrompt } from '../../core/messages.ts';
import type { ModelServer } from '../../core/model-server.ts';
import { chatBody, type JsonObject } from '../../core/openai-body.ts';
import { readOpenAiAnswer } from '../../core/openai-stream.ts';
import { isRecord, type CompletionRequest } from '../../core/request.ts';
import { readSse } from '../../core/sse.ts';

export interface LlamaCppOptions {
  /** `chat` applies the model's chat template; `completion` continues the text as it is. */
  api: 'chat' | 'completion';
  topK?: number | undefined;
  minP?: number | undefined;
  /** GBNF: the answer is held to it. */
  grammar?: string | undefined;
  /** Keeps the prompt's common beginning in the slot. */
  cachePrompt: boolean;
  /** The slot to use; any that is free where it is missing. */
  slot?: number | undefined;
}

export class LlamaCppClient implements ModelClient {
  readonly #server: ModelServer;
  readonly #options: LlamaCppOptions;

  constructor(server: ModelServer, options: LlamaCppOptions) {
    this.#server = server;
    this.#options = options;
  }

  get provider() {
    return this.#server.provider;
  }

  stream(request: CompletionRequest, context: AttemptContext): AsyncIterable<readonly StreamPart[]> {
    return this.#options.api === 'chat' ? this.#chat(request, context) : this.#completion(request, context);
  }

  async *#chat(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    const body = { ...this.#ownFields(), ...chatBody(request) };
    const { headers, body: answer } = await this.#server.post('/v1/chat/completions', body, context, request);
    yield* readOpenAiAnswer({ headers, body: answer, provider: this.provider, request });
  }

  async *#completion(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    const body = { ...this.#ownFields(), ...nativeBody(request) };
    const answer = await this.#server.post('/completion', body, context, request);
    for await (const events of readSse(answer.body)) {
      const parts: StreamPart[] = [];
      for (const { data } of events) this.#readNative(parseJson(data), parts, request);
      yield parts;
    }
  }

  #ownFields(): JsonObject {
    const { topK, minP, grammar, cachePrompt, slot } = this.#options;
    return { top_k: topK, min_p: minP, grammar: grammar || undefined, cache_prompt: cachePrompt, id_slot: slot };
  }

  #readNative(event: unknown, parts: StreamPart[], request: CompletionRequest): void {
    if (!isRecord(event)) throw garbage(this.provider, 'something that is no JSON');
    if (event['error'] !== undefined) throw classifyAnswer({ body: event, provider: this.provider, request });
    const { content, stop } = event;
    if (typeof content === 'string' && content !== '') parts.push({ type: 'text', text: content });
    if (Array.isArray(event['completion_probabilities'])) parts.push({ type: 'logprobs', logprobs: event['completion_probabilities'] });
    if (stop === true) parts.push(...readLastEvent(event));
  }
}

function nativeBody({ messages, maxTokens, temperature, topP, stop, seed, responseFormat, extra }: CompletionRequest): JsonObject {
  return {
    prompt: asPrompt(messages),
    n_predict: maxTokens,
    temperature,
    top_p: topP,
    stop,
    seed,
    json_schema: readSchema(responseFormat),
    ...extra,
    stream: true,
  };
}

/** OpenAI's response format as the schema that the native API wants. */
function readSchema(format: unknown): unknown {
  if (!isRecord(format)) return undefined;
  if (format['type'] === 'json_object') return {};
  return isRecord(format['json_schema']) ? format['json_schema']['schema'] : undefined;
}

function readLastEvent(event: JsonObject): StreamPart[] {
  const { model, tokens_evaluated: input, tokens_predicted: output, timings, stop_type: stopType } = event;
  const cached = isRecord(timings) ? timings['cache_n'] : undefined;
  return [
    ...(typeof model === 'string' && model !== '' ? [{ type: 'model', model } as const] : []),
    {
      type: 'usage',
      usage: {
        ...(typeof input === 'number' && { inputTokens: input }),
        ...(typeof output === 'number' && { outputTokens: output }),
        ...(typeof cached === 'number' && { cachedInputTokens: cached }),
      },
    },
    { type: 'finish', reason: readStopType(stopType) },
  ];
}

function readStopType(stopType: unknown): FinishReason {
  switch (stopType) {
    case 'eos':
    case 'word':
      return 'stop';
    case 'limit':
      return 'length';
    default:
      return 'unknown';
  }
}
