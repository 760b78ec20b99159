/** The passages that a request brings with it, as evidence, and which of them an answer cites. */

/** In `msg.llm.context`; the first one is [1] in the prompt. Plain data. */
export interface ContextPassage {
  text: string;
  /** Where a reader finds the document: a path, an address, else its id. */
  source: string;
  title: string;
  /** The headings above the passage, the outermost first. */
  headings: string[];
  /** Higher is better; comparable only within one question. */
  score: number;
  /** Where the passage stands in the document's text, in UTF-16 units. */
  start: number;
  end: number;
  /** Counted from 1; only where the document has pages. */
  page?: number;
}

/** In `msg.completion.citations`: a passage that the answer names, by the number it names it with. */
export interface Citation extends Omit<ContextPassage, 'text' | 'score'> {
  /** Counted from 1, as in the prompt. */
  number: number;
}
