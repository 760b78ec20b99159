/** A part of a document that is found, and put into a prompt, as one. */

export interface Passage {
  /** As it stands in the document. */
  readonly text: string;
  /** The headings above it, the outermost first. */
  readonly headings: readonly string[];
  /** Where it stands in the document's text, in UTF-16 units; `end` is the first one behind it. */
  readonly start: number;
  readonly end: number;
  /** Counted from 1; only where the document has pages. */
  readonly page?: number;
}
