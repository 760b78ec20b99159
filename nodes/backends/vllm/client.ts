/** vLLM's three APIs: OpenAI's chat and completions with its own sampling options, and the legacy server's `/generate`. */
import { parseJson, readText } from '../../core/answer-bound.ts';
import type { AttemptContext, ModelClient } from '../../core/client.ts';
import type { StreamPart } from '../../core/completion.ts';
import { asPrompt } from '../../core/conversation/text.ts';
import { LlmError } from '../../core/errors.ts';
import { type JsonObject, isRecord } from '../../core/json.ts';
import type { ModelServer } from '../../core/model-server.ts';
import type { CompletionRequest } from '../../core/request.ts';
import { embeddingsOf } from '../../formats/embeddings/client.ts';
import { readAnswer } from '../../formats/openai-chat/answer-in.ts';
import { writeRequest as writeChat } from '../../formats/openai-chat/request-out.ts';
import { writeRequest as writeCompletions } from '../../formats/openai-completions/request-out.ts';
import { readLegacyAnswer } from './legacy-stream.ts';

export interface VllmOptions {
  /** `chat` applies the model's chat template; the others continue the text as it is. `generate` is the legacy server's. */
  api: 'chat' | 'completions' | 'generate';
  topK?: number | undefined;
  minP?: number | undefined;
  repetitionPenalty?: number | undefined;
  /** A JSON schema: the answer is held to it. */
  guidedJson?: JsonObject | undefined;
}

/** It reads both names of what a model thought, and newer versions write this one. */
const manner = { thinkingField: 'reasoning', hasTopK: true } as const;

export class VllmClient implements ModelClient {
  readonly #server: ModelServer;
  readonly #options: VllmOptions;

  constructor(server: ModelServer, options: VllmOptions) {
    this.#server = server;
    this.#options = options;
  }

  get provider() {
    return this.#server.provider;
  }

  stream(request: CompletionRequest, context: AttemptContext): AsyncIterable<readonly StreamPart[]> {
    if (request.task === 'embed') return embeddingsOf(this.#server).stream(request, context);
    const { api } = this.#options;
    switch (api) {
      case 'chat':
        return this.#openAi('/v1/chat/completions', writeChat(this.#withFormat(request), manner), request, context);
      case 'completions':
        return this.#completions(request, context);
      case 'generate':
        return this.#generate(request, context);
      default:
        return api satisfies never;
    }
  }

  async *#openAi(path: string, body: JsonObject, request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    const { headers, body: answer } = await this.#server.post(path, { ...this.#samplingFields(), ...body }, context, request);
    yield* readAnswer({ headers, body: answer, provider: this.provider, request, maxBytes: context.maxAnswerBytes });
  }

  async *#completions(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    const body = textBody(this.#withFormat(request));
    const limit = body['max_tokens'] ?? (await this.#roomFor(body, context));
    yield* this.#openAi('/v1/completions', { ...body, max_tokens: limit }, request, context);
  }

  /**
   * How many tokens the context still holds after a prompt. Newer versions take null for 16 (seen in 0.32), older ones for as many
   * as there is room for: so null where the server does not tell.
   */
  async #roomFor({ model, prompt }: JsonObject, context: AttemptContext): Promise<number | null> {
    try {
      const { body } = await this.#server.post('/tokenize', { model, prompt }, context);
      const answer = parseJson(await readText(body, this.provider));
      if (!isRecord(answer)) return null;
      const room = Number(answer['max_model_len']) - Number(answer['count']);
      return room > 0 ? room : null;
    } catch {
      // What is wrong with the request, the request itself will tell.
      return null;
    }
  }

  async *#generate(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    if (this.#withFormat(request).responseFormat !== undefined) throw noFormat();
    const body: JsonObject = { ...this.#samplingFields(), ...legacyBody(request) };
    const { body: answer } = await this.#server.post('/generate', body, context, request);
    yield* readLegacyAnswer({ body: answer, prompt: String(body['prompt']), provider: this.provider, request });
  }

  #samplingFields(): JsonObject {
    const { topK, minP, repetitionPenalty } = this.#options;
    return { top_k: topK, min_p: minP, repetition_penalty: repetitionPenalty };
  }

  /**
   * The node's schema as OpenAI's response format, which vLLM takes since 0.6.0: its own `guided_json` is gone since 0.12,
   * and `structured_outputs`, which replaces it, came with 0.10.2. A message's own format goes first.
   */
  #withFormat(request: CompletionRequest): CompletionRequest {
    const { guidedJson: schema } = this.#options;
    if (schema === undefined || request.responseFormat !== undefined) return request;
    return { ...request, responseFormat: { type: 'json_schema', json_schema: { name: 'answer', schema } } };
  }
}

/**
 * For `/v1/completions`. Before 0.10.2 it ignored a schema in the response format (pull request 23212), so `guided_json` is sent
 * beside it; versions that have no such field ignore it.
 */
function textBody(request: CompletionRequest): JsonObject {
  return { guided_json: readSchema(request.responseFormat), ...writeCompletions(request, manner) };
}

/** Without a limit the server stops after 16 tokens; null means as many as the context holds. */
function legacyBody({ messages, maxTokens, temperature, topP, stop, seed, extra }: CompletionRequest): JsonObject {
  return { prompt: asPrompt(messages), max_tokens: maxTokens ?? null, temperature, top_p: topP, stop, seed, ...extra, stream: true };
}

function readSchema(format: unknown): unknown {
  return isRecord(format) && isRecord(format['json_schema']) ? format['json_schema']['schema'] : undefined;
}

function noFormat(): LlmError {
  return new LlmError('invalid_request', "vLLM's generate API cannot hold an answer to a JSON schema or format.", {
    hint: 'Choose the chat or the completions API in the node.',
  });
}
