/** From a question to the passages that go into the prompt. */
import { estimateTokenCount } from 'tokenx';
import type { ContextPassage } from '../../core/context.ts';
import { LlmError } from '../../core/errors.ts';
import { placeOf } from '../../core/passage-place.ts';
import type { Found, Store } from '../store/store.ts';
import { cutToTokens, fit } from './budget.ts';
import { type Candidate, findCandidates, type FindOptions } from './candidates.ts';
import { headingsOfRun, keyOf, runsOf, textOfRun } from './join.ts';
import { withoutNearDuplicates } from './near-duplicates.ts';
import type { Rerank } from './rerank.ts';
import type { RetrievalSettings } from './settings.ts';

export interface RetrieveOptions extends FindOptions {
  readonly settings: RetrievalSettings;
  readonly rerank?: Rerank | undefined;
}

/**
 * The passages for a question, best first; none where nothing is found or relevant enough.
 *
 * Modes: `lexical` searches by words, `vector` by meaning, `hybrid` by both side by side and fuses the rankings; without an embedder
 * `hybrid` searches by words alone, so that a store without vectors works. The order is BM25's, the cosine's, the fusion's, or, with a
 * reranker, the reranker's.
 *
 * A passage's score says how relevant it is, from 0 to 1, and is what `minScore` is held against. With a reranker it is the reranker's
 * score. In `vector` it is the cosine (negative ones are 0): what is a good one depends on the model. In `lexical` it is the share of
 * the question's words that the passage holds, rare ones counting more: about 0.3 keeps out questions that the documents do not speak
 * of. In `hybrid` it is the higher of these two. The order does not go by the score alone.
 *
 * Near-duplicates are left out. Passages that go on from each other are joined to one, which has the score of its best. The best passage
 * always comes, cut off where it alone is larger than the budget.
 * @throws LlmError `invalid_request` for an empty question, `misconfigured` for `vector` without an embedder; what the store, embedder and reranker throw
 */
export async function retrieve(question: string, options: RetrieveOptions): Promise<ContextPassage[]> {
  if (question.trim() === '') throw new LlmError('invalid_request', 'The question is empty.', { hint: 'Put a question into msg.payload.' });
  const { settings, rerank, signal } = options;
  signal.throwIfAborted();
  const found = withoutNearDuplicates(await findCandidates(question, options), ({ found: { passage } }) => passage.text);
  signal.throwIfAborted();
  const ranked = rerank ? await rerankBest(question, found.slice(0, settings.rerankCandidates), rerank, signal) : found;
  const relevant = ranked.filter(({ score }) => score >= settings.minScore);
  signal.throwIfAborted();
  return choose(relevant, options);
}

async function rerankBest(question: string, candidates: Candidate[], rerank: Rerank, signal: AbortSignal): Promise<Candidate[]> {
  if (candidates.length === 0) return [];
  const scores = await rerank(question, candidates.map(({ found }) => textWithPlace(found)), signal);
  if (scores.length !== candidates.length || !scores.every((score) => Number.isFinite(score))) {
    throw new LlmError('server', 'The reranker gave something else than a score for each passage.', { hint: 'Check that the model is a reranker.' });
  }
  return candidates.map(({ found }, at) => ({ found, score: scores[at] ?? 0 })).sort((a, b) => b.score - a.score);
}

/** What a passage speaks of often stands above it. */
function textWithPlace({ document, passage }: Found): string {
  return [placeOf(document.title, passage.headings), passage.text].filter((part) => part !== '').join('\n');
}

/** The candidates that fit the budget, with their neighbors where these fit too. */
async function choose(candidates: readonly Candidate[], options: RetrieveOptions): Promise<ContextPassage[]> {
  const { store, settings, signal } = options;
  const [best] = candidates;
  if (!best) return [];
  if (estimateTokenCount(best.found.passage.text) >= settings.maxTokens) return [cutPassage(best, settings.maxTokens)];
  const alone = candidates.map(({ found }) => [found]);
  let runs = fit(alone, settings);
  if (settings.widen > 0) {
    // Neighbors take room, so that no others come in than without them.
    const chosen = new Set(runs.flat().map(keyOf));
    const hits = alone.filter(([found]) => found && chosen.has(keyOf(found)));
    const units = await Promise.all(hits.map(async ([hit]) => (hit ? [await widened(hit, store, settings.widen), [hit]] : [])));
    signal.throwIfAborted();
    runs = fit(units.flat(), settings);
  }
  return inOrder(runs, candidates);
}

/** A passage with the neighbors that go on from it. Others than those of the same version of the document do not. */
async function widened(hit: Found, store: Store, by: number): Promise<Found[]> {
  const { document, ordinal, passage } = hit;
  const around = await store.passages(document.id, Math.max(0, ordinal - by), ordinal + by);
  const isSameVersion = around.some((found) => found.ordinal === ordinal && found.passage.text === passage.text && found.passage.start === passage.start);
  if (!isSameVersion) return [hit];
  return runsOf(around).find((run) => run.some((found) => found.ordinal === ordinal)) ?? [hit];
}

/** Each run at the rank of its best passage. */
function inOrder(runs: readonly Found[][], candidates: readonly Candidate[]): ContextPassage[] {
  const ranks = new Map(candidates.map(({ found }, rank) => [keyOf(found), rank]));
  const rankOf = (run: readonly Found[]) => Math.min(...run.map((found) => ranks.get(keyOf(found)) ?? Infinity));
  const scoreOf = (run: readonly Found[]) => Math.max(...run.map((found) => candidates[ranks.get(keyOf(found)) ?? -1]?.score ?? 0));
  return runs.toSorted((a, b) => rankOf(a) - rankOf(b)).map((run) => toContext(run, scoreOf(run)));
}

function toContext(run: readonly Found[], score: number): ContextPassage {
  const { id = '', source = '', title = '' } = run[0]?.document ?? {};
  const page = run[0]?.passage.page;
  const { text, start, end } = textOfRun(run);
  return { text, source: source || id, title, headings: headingsOfRun(run), score, start, end, ...(page !== undefined && { page }) };
}

function cutPassage({ found, score }: Candidate, maxTokens: number): ContextPassage {
  const whole = toContext([found], score);
  const text = cutToTokens(whole.text, maxTokens);
  return { ...whole, text, end: whole.start + text.length };
}
