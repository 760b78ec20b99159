/** Documents and questions that look like language to an index: the same in every run. */
import type { Passage } from '../../../nodes/rag/passages/passage.ts';
import { Chance } from '../../support/chance.ts';

const vocabulary = 50_000;
const wordsInPassage = 120;
/** The commonest words of a language say nothing, so nobody asks for them. */
const stopWords = 100;
const wordsInQuestion = 6;

export const dimensions = 384;
export const passagesInDocument = 10;

export class Corpus {
  readonly #chance = new Chance(42);
  /** Summed up: the word of rank r comes as often as 1 / (r + 2.7), Zipf's law with Mandelbrot's shift. */
  readonly #weights: Float64Array;

  constructor() {
    this.#weights = new Float64Array(vocabulary);
    let sum = 0;
    for (let rank = 0; rank < vocabulary; rank++) this.#weights[rank] = sum += 1 / (rank + 2.7);
  }

  passages(): Passage[] {
    return this.#chance.list(passagesInDocument, () => {
      const text = this.#chance.list(wordsInPassage, () => word(this.#rank())).join(' ');
      return { text, headings: [word(this.#rank())], start: 0, end: text.length };
    });
  }

  question(): string {
    return this.#chance
      .list(wordsInQuestion, () => {
        let rank = this.#rank();
        while (rank < stopWords) rank = this.#rank();
        return word(rank);
      })
      .join(' ');
  }

  vector(): Float32Array {
    return Float32Array.from({ length: dimensions }, () => this.#chance.random() - 0.5);
  }

  #rank(): number {
    const wanted = this.#chance.random() * (this.#weights[vocabulary - 1] as number);
    let [low, high] = [0, vocabulary - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#weights[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Nothing that a stemmer would cut. */
function word(rank: number): string {
  return `w${rank.toString(36)}q`;
}
