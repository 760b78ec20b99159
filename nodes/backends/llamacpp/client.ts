/** llama.cpp's two APIs: OpenAI's chat with its own sampling options, and its native completion. */
import { parseJson, readText } from '../../core/answer-bound.ts';
import { classifyAnswer, garbage } from '../../core/classify.ts';
import type { AttemptContext, ModelClient } from '../../core/client.ts';
import type { FinishReason, StreamPart } from '../../core/completion.ts';
import { asPrompt } from '../../core/conversation/text.ts';
import { type JsonObject, isRecord } from '../../core/json.ts';
import type { ModelServer } from '../../core/model-server.ts';
import { readPieces } from '../../core/pieces.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { readSse } from '../../core/sse.ts';
import { embeddingsOf } from '../../formats/embeddings/client.ts';
import { readAnswer } from '../../formats/openai-chat/answer-in.ts';
import { writeRequest } from '../../formats/openai-chat/request-out.ts';
import { isJson } from '../../formats/provider-answer.ts';

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

/** Its templates take what the model thought under this name, and leave it out where it does not belong. */
const manner = { thinkingField: 'reasoning_content', hasTopK: true } as const;

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
    if (request.task === 'embed') return embeddingsOf(this.#server).stream(request, context);
    return this.#options.api === 'chat' ? this.#chat(request, context) : this.#completion(request, context);
  }

  async *#chat(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    const body = { ...this.#ownFields(), ...writeRequest(request, manner) };
    const { headers, body: answer } = await this.#server.post('/v1/chat/completions', body, context, request);
    yield* readAnswer({ headers, body: answer, provider: this.provider, request, maxBytes: context.maxAnswerBytes });
  }

  async *#completion(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    const body = { ...this.#ownFields(), ...nativeBody(request) };
    const answer = await this.#server.post('/completion', body, context, request);
    // Something in between may have turned the stream into one object.
    if (isJson(answer.headers)) {
      const whole = this.#checkNative(parseJson(await readText(answer.body, this.provider, context.maxAnswerBytes)), request);
      yield [...readNative(whole), ...readLastEvent(whole)];
      return;
    }
    yield* readPieces(readSse(answer.body), ({ data }, parts) => {
      const event = this.#checkNative(parseJson(data), request);
      parts.push(...readNative(event));
      if (event['stop'] === true) parts.push(...readLastEvent(event));
    });
  }

  #ownFields(): JsonObject {
    const { topK, minP, grammar, cachePrompt, slot } = this.#options;
    return { top_k: topK, min_p: minP, grammar: grammar || undefined, cache_prompt: cachePrompt, id_slot: slot };
  }

  #checkNative(event: unknown, request: CompletionRequest): JsonObject {
    if (!isRecord(event)) throw garbage(this.provider, 'something that is no JSON');
    if (event['error'] !== undefined) throw classifyAnswer({ body: event, provider: this.provider, request });
    return event;
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

function readNative({ content, completion_probabilities: logprobs }: JsonObject): StreamPart[] {
  return [
    ...(typeof content === 'string' && content !== '' ? [{ type: 'text', text: content } as const] : []),
    ...(Array.isArray(logprobs) ? [{ type: 'logprobs', logprobs } as const] : []),
  ];
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
