/**
 * The bodies and answers of `/rerank`, as llama.cpp (`/v1/rerank`, with `--rerank`), vLLM (`/v1/rerank`), Jina and Cohere have it, and
 * as Hugging Face's text-embeddings-inference (`/rerank`) has it.
 */
import { garbage } from '../../core/classify.ts';
import { type JsonObject, isRecord } from '../../core/json.ts';
import type { Provider } from '../../core/provider.ts';

/** Scores of texts by how well they answer a question, in the order of the texts, from 0 to 1. */
export type Rerank = (question: string, texts: string[], signal: AbortSignal) => Promise<number[]>;

export interface RerankRequest {
  model: string;
  question: string;
  texts: readonly string[];
  /** text-embeddings-inference asks for `texts`; all others want `documents`. */
  textsField?: 'documents' | 'texts';
}

/** Asks for a score for every text. */
export function rerankBody({ model, question, texts, textsField = 'documents' }: RerankRequest): JsonObject {
  if (textsField === 'texts') return { query: question, texts, truncate: true };
  return { model: model || undefined, query: question, documents: texts, top_n: texts.length };
}

/**
 * The scores in the order of the texts. Texts that the server leaves out, as it does where it has a bound of its own, get 0.
 * llama.cpp gives what the model gives, and for many models these are logits: where a score is not from 0 to 1, all go through the
 * logistic function, which leaves their order as it is.
 * @throws LlmError `server` for anything else than scores of these texts
 */
export function readRerank(answer: unknown, count: number, provider: Provider): number[] {
  const results: unknown = isRecord(answer) ? answer['results'] : answer;
  if (!Array.isArray(results)) throw garbage(provider, 'something that is no list of scores');
  if (count > 0 && results.length === 0) throw garbage(provider, 'no scores');
  const scores = new Map<number, number>();
  for (const result of results as unknown[]) {
    const { index, relevance_score: relevance, score = relevance } = isRecord(result) ? result : {};
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count) throw garbage(provider, 'a score of a text that it was not sent');
    if (scores.has(index)) throw garbage(provider, 'two scores of one text');
    if (typeof score !== 'number' || !Number.isFinite(score)) throw garbage(provider, 'a score that is no number');
    scores.set(index, score);
  }
  const areLogits = [...scores.values()].some((score) => score < 0 || score > 1);
  return Array.from({ length: count }, (_, index) => {
    const score = scores.get(index);
    if (score === undefined) return 0;
    return areLogits ? 1 / (1 + Math.exp(-score)) : score;
  });
}
