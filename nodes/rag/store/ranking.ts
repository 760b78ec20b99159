/**
 * How well passages answer a question by their words, for every store: the store fetches candidates that share a word with the question,
 * and this puts them in order. BM25 with weighted fields (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009, section 3.6),
 * its question enriched with the words of the best candidates: RM3, pseudo-relevance feedback by relevance models (Lavrenko, Croft,
 * SIGIR 2001; Abdul-Jaleel and others, TREC 2004).
 */

/** How many candidates a store should fetch where `limit` hits are asked for: feedback brings those up that words alone would leave behind. */
export function candidatesFor(limit: number): number {
  return Math.max(100, 2 * limit);
}

/** How many different words of a question are looked for; the rarest say the most. */
export const maxQuestionTerms = 32;

/** A word in a title or a heading counts as often as this in the text. */
export const fieldWeights = { title: 2, headings: 2, body: 1 } as const;

const k1 = 1.5;
const b = 0.75;
/** RM3 as it is commonly set: ten passages, and half of the weight stays with the question. */
const feedbackPassages = 10;
const feedbackTerms = 20;
const questionShare = 0.5;

/** A passage's terms, separated by spaces. */
export interface PassageWords {
  readonly title: string;
  readonly headings: string;
  readonly body: string;
}

/** Of a term: in how many passages of the store it stands. */
export type Frequencies = ReadonlyMap<string, number>;
/** How much each term of a question counts. */
export type TermWeights = ReadonlyMap<string, number>;

interface Counted {
  /** How often each term stands in it, by the weights of the fields. */
  readonly counts: ReadonlyMap<string, number>;
  readonly length: number;
}

/** Inverse document frequency: how much is known by a term that stands in `frequency` of `passages`. Never negative. */
export function rarity(frequency: number, passages: number): number {
  return Math.log(1 + Math.max(0, passages - frequency + 0.5) / (frequency + 0.5));
}

/** The terms to look for, each once; those that stand nowhere are left out. */
export function questionTerms(terms: readonly string[], frequencies: Frequencies): string[] {
  const frequencyOf = (term: string) => frequencies.get(term) ?? 0;
  const known = [...new Set(terms)].filter((term) => frequencyOf(term) > 0);
  return known.sort((one, other) => frequencyOf(one) - frequencyOf(other)).slice(0, maxQuestionTerms);
}

/** The candidates of one question. */
export class Ranking {
  readonly #candidates: readonly Counted[];
  readonly #meanLength: number;
  readonly #passages: number;

  /** `passages`: how many the store has. */
  constructor(candidates: readonly PassageWords[], passages: number) {
    this.#candidates = candidates.map(count);
    this.#passages = passages;
    // The candidates' own mean stands for the store's, so that nobody has to keep account of it.
    this.#meanLength = this.#candidates.reduce((sum, { length }) => sum + length, 0) / candidates.length;
  }

  /** BM25 of each candidate, in their order. */
  scores(weights: TermWeights, frequencies: Frequencies): number[] {
    const terms = [...weights].map(([term, weight]) => ({ term, weight: weight * rarity(frequencies.get(term) ?? 0, this.#passages) * (k1 + 1) }));
    return this.#candidates.map(({ counts, length }) => {
      const damping = k1 * (1 - b + (b * length) / this.#meanLength);
      let score = 0;
      for (const { term, weight } of terms) {
        const found = counts.get(term);
        if (found !== undefined) score += (weight * found) / (found + damping);
      }
      return score;
    });
  }

  /**
   * The question's terms, each with weight 1, and what the best candidates by `scores` talk about besides. Where nearly all candidates
   * would be the best ones, nothing is to be learned from them.
   */
  enrich(question: readonly string[], scores: readonly number[]): TermWeights {
    const weights = new Map(question.map((term) => [term, 1]));
    if (scores.length < 2 * feedbackPassages) return weights;
    const learned = this.#learn(scores);
    const total = learned.reduce((sum, [, share]) => sum + share, 0);
    const scale = (question.length * (1 - questionShare)) / questionShare / total;
    for (const [term, share] of learned) weights.set(term, (weights.get(term) ?? 0) + share * scale);
    return weights;
  }

  #learn(scores: readonly number[]): Array<[string, number]> {
    const best = [...scores.keys()].sort((one, other) => (scores[other] as number) - (scores[one] as number)).slice(0, feedbackPassages);
    const model = new Map<string, number>();
    for (const at of best) {
      const { counts, length } = this.#candidates[at] as Counted;
      const share = (scores[at] as number) / length;
      for (const [term, found] of counts) model.set(term, (model.get(term) ?? 0) + share * found);
    }
    return [...model].sort(([, one], [, other]) => other - one).slice(0, feedbackTerms);
  }
}

function count(words: PassageWords): Counted {
  const counts = new Map<string, number>();
  let length = 0;
  for (const field of ['title', 'headings', 'body'] as const) {
    const text = words[field];
    if (text === '') continue;
    const weight = fieldWeights[field];
    for (const term of text.split(' ')) {
      counts.set(term, (counts.get(term) ?? 0) + weight);
      length += weight;
    }
  }
  return { counts, length };
}
