/** The passages that may answer a question, found by words, by meaning, or by both. */
import { LlmError } from '../../core/errors.ts';
import type { Found, Hit, MetadataFilter, SearchOptions, Store } from '../store/store.ts';
import { fuse } from './fusion.ts';
import { keyOf } from './join.ts';
import { shareOfQuestion } from './relevance.ts';
import type { RetrievalSettings } from './settings.ts';

/** Gives a question's vector. */
export interface QuestionEmbedder {
  /** The name of the model, as the store knows it. */
  readonly model: string;
  /** Of unit length. */
  question(text: string, signal: AbortSignal): Promise<Float32Array>;
}

/** Candidates stand in an order; the score says how relevant one is, from 0 to 1. */
export interface Candidate {
  readonly found: Found;
  readonly score: number;
}

export interface FindOptions {
  readonly store: Store;
  readonly settings: Pick<RetrievalSettings, 'mode' | 'candidates'>;
  /** Absent where no embedding model is set: a hybrid search is one by words then. */
  readonly embedder?: QuestionEmbedder | undefined;
  readonly filter?: MetadataFilter | undefined;
  readonly signal: AbortSignal;
}

/** Best first. @throws LlmError `misconfigured` for a search by meaning without an embedder; what the store and the embedder throw */
export async function findCandidates(question: string, { store, settings, embedder, filter, signal }: FindOptions): Promise<Candidate[]> {
  const { mode, candidates } = settings;
  const options: SearchOptions = { limit: candidates, filter };
  if (mode === 'vector' && !embedder) throw noEmbedder();
  const [byWords, byMeaning] = await Promise.all([
    mode === 'vector' ? [] : store.searchWords(question, options),
    mode === 'lexical' || !embedder ? [] : searchByMeaning(question, store, embedder, options, signal),
  ]);
  const hits = fuse([byWords, byMeaning], keyOf).slice(0, candidates);
  // Rounding may leave a little more than 1.
  const cosines = new Map(byMeaning.map((hit) => [keyOf(hit), Math.min(1, hit.score)]));
  const shares = mode === 'vector' ? [] : shareOfQuestion(question, hits.map(allWords));
  return hits.map((found, at) => ({ found, score: Math.max(cosines.get(keyOf(found)) ?? 0, shares[at] ?? 0) }));
}

async function searchByMeaning(question: string, store: Store, embedder: QuestionEmbedder, options: SearchOptions, signal: AbortSignal): Promise<Hit[]> {
  const vector = await embedder.question(question, signal);
  signal.throwIfAborted();
  return store.searchVectors({ model: embedder.model, vector }, options);
}

/** What a search by words looks through. */
function allWords({ document, passage }: Found): string {
  return [document.title, ...passage.headings, passage.text].join('\n');
}

function noEmbedder(): LlmError {
  return new LlmError('misconfigured', 'A search by meaning needs an embedding model.', { hint: 'Choose one in the knowledge node, or search by words.' });
}
