/** An answer without a model: the sentences of the passages that fit the question best, each with the number of its passage. */
import type { ContextPassage } from '../../core/context.ts';
import { sentencesOf } from './sentences.ts';

const mostSentences = 3;
/** Of the best one's score: what fits less well is left out. */
const nearBest = 0.6;
/** What a heading above a sentence counts, where its own words do not say it. */
const headingShare = 0.5;
/** Sentences of this many words say most without saying all. */
const shortest = 6;
const longest = 45;

/** Words of a question that say nothing of what it is about. */
const empty = new Set(
  ('a an and any are as at be been by can could did do does for from get give had has have how i if in into is it its let many may me much my need of on one or our ' +
    'please shall should so some tell than that the their them then there these they this to up use used using want was we what when where which who whom whose why will with work would you your').split(' '),
);
/** Whoever begins like this speaks of what was said before. */
const pointing = /^(?:it|its|they|their|this|that|these|those|he|she|so|then|both|else|such|also|otherwise)\b/i;

interface Candidate {
  readonly text: string;
  readonly terms: ReadonlySet<string>;
  readonly words: number;
  readonly passage: number;
  /** Its place among all of them. */
  readonly at: number;
  readonly isFirst: boolean;
  readonly isRow: boolean;
}

/** Undefined where the passages have no sentence. */
export function extract(question: string, passages: readonly ContextPassage[]): string | undefined {
  const candidates = candidatesOf(passages);
  if (candidates.length === 0) return undefined;
  const weights = weightsOf(termsOf(question), candidates);
  const above = passages.map(({ title, headings }) => termsOf([title, ...headings].join(' ')));
  const scores = candidates.map((candidate) => scoreOf(candidate, weights, above[candidate.passage] ?? new Set()));
  const chosen = choose(candidates, scores);
  return chosen.map(({ text, passage }) => withNumber(text, passage + 1)).join(' ');
}

function candidatesOf(passages: readonly ContextPassage[]): Candidate[] {
  const seen = new Set<string>();
  const candidates: Candidate[] = [];
  for (const [passage, { text }] of passages.entries()) {
    for (const [index, { text: sentence, isRow }] of sentencesOf(text).entries()) {
      // Passages repeat the end of the one before.
      if (seen.has(sentence)) continue;
      seen.add(sentence);
      const words = wordsOf(sentence);
      candidates.push({ text: sentence, terms: new Set(words.map(stem)), words: words.length, passage, at: candidates.length, isFirst: index === 0, isRow });
    }
  }
  return candidates;
}

/** How much each term of the question tells: a rare one more than one that is everywhere. Together they are 1. */
function weightsOf(terms: ReadonlySet<string>, candidates: readonly Candidate[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const term of terms) {
    const count = candidates.filter((candidate) => candidate.terms.has(term)).length;
    if (count > 0) weights.set(term, Math.log(1 + candidates.length / count));
  }
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  return new Map([...weights].map(([term, weight]) => [term, weight / sum]));
}

function scoreOf({ terms, words, text, passage, isFirst, isRow }: Candidate, weights: ReadonlyMap<string, number>, above: ReadonlySet<string>): number {
  let score = 0;
  for (const [term, weight] of weights) score += terms.has(term) ? weight : above.has(term) ? weight * headingShare : 0;
  if (words < shortest) score *= words / shortest;
  if (words > longest) score *= longest / words;
  if (pointing.test(text) && !isFirst) score *= 0.8;
  if (isRow) score *= 0.75;
  // The store has its reasons for the order.
  return score / (1 + passage * 0.1);
}

/** The best ones in the order of the passages. Where none shares a word with the question, the first passage begins to tell. */
function choose(candidates: readonly Candidate[], scores: readonly number[]): Candidate[] {
  const best = Math.max(...scores);
  if (best === 0) return candidates.filter(({ passage }) => passage === candidates[0]?.passage).slice(0, 2);
  const score = ({ at }: Candidate) => scores[at] ?? 0;
  const ranked = candidates.filter((candidate) => score(candidate) >= best * nearBest).sort((one, other) => score(other) - score(one) || one.at - other.at);
  return ranked.slice(0, mostSentences).sort((one, other) => one.at - other.at);
}

/** Before the full stop, as in print. */
function withNumber(sentence: string, number: number): string {
  const [, text = sentence, end = ''] = /^([^]*?)([.!?]*)$/.exec(sentence) ?? [];
  return `${text} [${number}]${end || '.'}`;
}

function termsOf(text: string): Set<string> {
  return new Set(wordsOf(text).filter((word) => !empty.has(word)).map(stem));
}

/** `maxQueued` is two words. */
function wordsOf(text: string): string[] {
  return text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}

/** Enough for "chooses" to find "choose". */
function stem(word: string): string {
  if (word.length <= 3) return word;
  return word.replace(/(?<=..)ies$/, 'y').replace(/(?<=...)(?:ing|ed|es|e|s)$/, '').replace(/(.)\1$/, '$1');
}
