/** From a document to its passages: by its sections, then its blocks, then sentences. */
import type { Block, ReadDocument } from '../documents/document.ts';
import type { Passage } from './passage.ts';
import { type Piece, PieceCutter } from './pieces.ts';
import { type Section, sectionsOf } from './sections.ts';
import type { SplitOptions } from './settings.ts';

/** A passage below this share of its size is not left as it is only because the next block does not fit whole. */
const smallShare = 1 / 4;

/**
 * In order, so that each character that is no blank stands in one of them, and the same for the same input. None has more estimated
 * tokens than `maxTokens`; each but the first of a section begins with the last sentences of the one before. Time is linear.
 */
export function splitDocument({ text, blocks }: Pick<ReadDocument, 'text' | 'blocks'>, options: SplitOptions): Passage[] {
  const passages: Passage[] = [];
  const cutter = new PieceCutter(text, options.maxTokens);
  for (const section of sectionsOf(text, blocks, options.maxTokens)) {
    const packer = new Packer(options, (start, end) => passages.push(toPassage(text, section, start, end)));
    for (const block of section.blocks) packer.add(block, cutter.piecesOf(block));
    packer.end();
  }
  return passages;
}

function toPassage(text: string, { headings, page }: Section, from: number, end: number): Passage {
  let start = from;
  while (/\s/.test(text[start] ?? '')) start++;
  return { text: text.slice(start, end), headings, start, end, ...(page !== undefined && { page }) };
}

/** Puts the pieces of a section together, as long as they fit. */
class Packer {
  readonly #maxTokens: number;
  readonly #overlapTokens: number;
  readonly #emit: (start: number, end: number) => void;
  #pieces: Piece[] = [];
  #tokens = 0;
  /** How many of the pieces, at the front, stand in the passage before as well. */
  #repeated = 0;

  constructor({ maxTokens, overlapTokens }: SplitOptions, emit: (start: number, end: number) => void) {
    this.#maxTokens = maxTokens;
    this.#overlapTokens = Math.min(overlapTokens, maxTokens / 2);
    this.#emit = emit;
  }

  /** A block that fits into a passage is not divided. Only prose is, for a passage that would end early. */
  add({ type }: Block, pieces: Iterator<Piece> & Iterable<Piece>): void {
    const whole: Piece[] = [];
    let tokens = 0;
    for (let next = pieces.next(); !next.done; next = pieces.next()) {
      whole.push(next.value);
      tokens += next.value.tokens;
      if (tokens > this.#maxTokens) break;
    }
    const isProse = type === 'paragraph' || type === 'item';
    const mayDivide = tokens > this.#maxTokens || (isProse && this.#tokens < this.#maxTokens * smallShare);
    if (!mayDivide && this.#tokens + tokens > this.#maxTokens) this.#startNext(tokens);
    for (const piece of whole) this.#push(piece);
    for (const piece of pieces) this.#push(piece);
  }

  end(): void {
    if (this.#pieces.length > this.#repeated) this.#emit(this.#start(), this.#end());
  }

  #push(piece: Piece): void {
    const isApart = this.#pieces.length > 0 && piece.start !== this.#end();
    if (isApart) this.#startNext(Infinity);
    else if (this.#tokens + piece.tokens > this.#maxTokens) this.#startNext(piece.tokens);
    this.#pieces.push(piece);
    this.#tokens += piece.tokens;
  }

  /** Ends the passage, and begins the next one with the last pieces of this one, as many as leave room: never all, for all of it left none. */
  #startNext(tokens: number): void {
    this.end();
    const room = Math.min(this.#overlapTokens, this.#maxTokens - tokens);
    const repeated: Piece[] = [];
    let kept = 0;
    for (const piece of this.#pieces.toReversed()) {
      if (kept + piece.tokens > room) break;
      kept += piece.tokens;
      repeated.unshift(piece);
    }
    this.#pieces = repeated;
    this.#tokens = kept;
    this.#repeated = repeated.length;
  }

  #start(): number {
    return this.#pieces[0]?.start ?? 0;
  }

  #end(): number {
    return this.#pieces.at(-1)?.end ?? 0;
  }
}
