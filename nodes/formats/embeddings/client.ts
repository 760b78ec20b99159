/** Embeddings in OpenAI's format, as OpenAI, llama.cpp, vLLM and most others give them. */
import { parseJson, readText } from '../../core/answer-bound.ts';
import { garbage } from '../../core/classify.ts';
import type { AttemptContext, ModelClient } from '../../core/client.ts';
import type { StreamPart } from '../../core/completion.ts';
import type { HttpResponse } from '../../core/http.ts';
import { isRecord, type JsonObject } from '../../core/json.ts';
import type { ModelServer } from '../../core/model-server.ts';
import type { Provider } from '../../core/provider.ts';
import { type CompletionRequest, textsToEmbed } from '../../core/request.ts';
import { readUsage } from '../openai/usage.ts';
import { isVector } from './format.ts';

/** Posts a body to `/embeddings` and resolves with a successful answer's head. @throws LlmError for every other */
type Post = (body: JsonObject, context: AttemptContext, request: CompletionRequest) => Promise<HttpResponse>;

/** The part of a provider's API that gives vectors for texts. Its answers are whole at once. */
export class EmbeddingsClient implements ModelClient {
  readonly provider: Provider;
  readonly #post: Post;

  constructor(provider: Provider, post: Post) {
    this.provider = provider;
    this.#post = post;
  }

  async *stream(request: CompletionRequest, context: AttemptContext): AsyncGenerator<readonly StreamPart[]> {
    const texts = textsToEmbed(request) ?? [];
    const answer = await this.#post(embeddingsBody(texts, request), context, request);
    yield await readEmbeddings(answer, texts.length, this.provider, context.maxAnswerBytes);
  }
}

/** Gives vectors for texts, as llama.cpp and vLLM do. */
export function embeddingsOf(server: ModelServer): EmbeddingsClient {
  return new EmbeddingsClient(server.provider, (body, context, request) => server.post('/v1/embeddings', body, context, request));
}

/** The body for `/embeddings`. A client, or the node's own `extra`, may ask for `dimensions`. */
function embeddingsBody(texts: readonly string[], { model, user, extra, ...request }: CompletionRequest): JsonObject {
  const { max_completion_tokens: _limit, top_k: _topK, ...own } = request.openai ?? {};
  return { ...own, model: model || undefined, input: texts, ...(user !== undefined && { user }), ...extra, encoding_format: 'float' };
}

/** The numbers of a vector, and what else stands with it. */
const mostOfEach = 32_768;

/** The vectors in the order of the texts. @throws LlmError `server` for anything else than one vector for each */
async function readEmbeddings({ body }: HttpResponse, count: number, provider: Provider, maxBytes?: number): Promise<StreamPart[]> {
  const answer = parseJson(await readText(body, provider, maxBytes), mostOfEach * (count + 1));
  if (!isRecord(answer) || !Array.isArray(answer['data'])) throw garbage(provider, 'something that is no list of embeddings');
  const vectors: Array<number[] | undefined> = Array.from({ length: count }, () => undefined);
  for (const [position, item] of (answer['data'] as unknown[]).entries()) {
    if (!isRecord(item) || !isVector(item['embedding'])) throw garbage(provider, 'an embedding that is no list of numbers');
    vectors[typeof item['index'] === 'number' ? item['index'] : position] = item['embedding'];
  }
  if (vectors.length !== count || vectors.includes(undefined)) throw garbage(provider, 'another number of embeddings than texts were sent');
  return [
    ...(typeof answer['model'] === 'string' ? [{ type: 'model', model: answer['model'] } as const] : []),
    { type: 'embeddings', vectors: vectors as number[][] },
    // Nothing is written: a count that is missing is none.
    { type: 'usage', usage: { ...readUsage(answer['usage']), outputTokens: 0 } },
    { type: 'finish', reason: 'stop' },
  ];
}
