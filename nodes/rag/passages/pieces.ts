/** What passages are made of: sentences, rows, blocks of code, and parts of those only where one is too large. */
import { estimateTokenCount } from 'tokenx';
import type { Block } from '../documents/document.ts';
import { sentenceEnds } from './sentences.ts';

/**
 * It begins with the blanks before it, as far as they are few, and ends with something else: its tokens are never fewer than they
 * count within a passage.
 */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

/** Parts of what is too large are joined up to this share of a passage: there would be millions of words. */
const joinedShare = 1 / 8;
/** A longer word is cut. */
const maxWord = 64;
/** More blanks than this stand between passages, never within one. */
const maxBlanks = 64;
/** No token is longer: what has more units than this for each token needs no count. */
const maxUnitsPerToken = 10;

/** The pieces of a text, block by block. */
export class PieceCutter {
  readonly #text: string;
  readonly #maxTokens: number;
  /** Up to where the text is in pieces. */
  #at = 0;

  constructor(text: string, maxTokens: number) {
    this.#text = text;
    this.#maxTokens = maxTokens;
  }

  /** To be read to the end before those of the next block. None of them has more than `maxTokens`. */
  *piecesOf({ type, start, end }: Block): Generator<Piece> {
    const isProse = type === 'paragraph' || type === 'item';
    for (const cut of isProse ? sentenceEnds(this.#text, start, end) : [end]) {
      const piece = this.#upTo(cut);
      if (piece && piece.tokens > this.#maxTokens) yield* this.#joined(this.#partsOf(piece));
      else if (piece) yield this.#take(piece);
    }
  }

  /** Undefined where there are only blanks. */
  #upTo(cut: number): Piece | undefined {
    this.#skipBlanks(cut);
    const end = trimEnd(this.#text, this.#at, cut);
    if (end === this.#at) return undefined;
    const isLong = end - this.#at > this.#maxTokens * maxUnitsPerToken;
    return { start: this.#at, end, tokens: isLong ? Infinity : estimateTokenCount(this.#text.slice(this.#at, end)) };
  }

  #skipBlanks(end: number): void {
    let at = this.#at;
    while (at < end && isBlank(this.#text, at)) at++;
    if (at - this.#at > maxBlanks) this.#at = at;
  }

  #take(piece: Piece): Piece {
    this.#at = piece.end;
    return piece;
  }

  /** Lines; of those that are too large, words; of those that are too long, any parts. */
  *#partsOf({ end }: Piece): Generator<Piece> {
    for (const lineEnd of lineEnds(this.#text, this.#at, end)) {
      const line = this.#upTo(lineEnd);
      if (line && line.tokens > this.#maxTokens) yield* this.#wordsOf(line);
      else if (line) yield this.#take(line);
    }
  }

  *#wordsOf({ end }: Piece): Generator<Piece> {
    for (const text = this.#text; this.#at < end; ) {
      this.#skipBlanks(end);
      const isWithin = this.#at > 0 && !isBlank(text, this.#at) && !isBlank(text, this.#at - 1);
      const wordEnd = Math.min(end, wordEndFrom(text, this.#at));
      const isWhole = !isWithin && (wordEnd === end || isBlank(text, wordEnd));
      const word = isWhole ? this.#upTo(wordEnd) : undefined;
      yield this.#take(word && word.tokens <= this.#maxTokens ? word : this.#partOfWord(wordEnd));
    }
  }

  /** Estimates go by whole words: of a part, each unit counts as a token, which no estimate is above. */
  #partOfWord(wordEnd: number): Piece {
    const start = this.#at;
    const end = characterStart(this.#text, start, Math.min(wordEnd, start + this.#maxTokens));
    return { start, end, tokens: end - start };
  }

  *#joined(parts: Iterable<Piece>): Generator<Piece> {
    let joined: Piece | undefined;
    for (const part of parts) {
      const tokens = (joined?.tokens ?? 0) + part.tokens;
      const fits = joined?.end === part.start && tokens <= this.#maxTokens * joinedShare;
      if (joined && !fits) yield joined;
      joined = joined && fits ? { start: joined.start, end: part.end, tokens } : part;
    }
    if (joined) yield joined;
  }
}

function* lineEnds(text: string, start: number, end: number): Generator<number> {
  for (let at = start; at < end; ) {
    const found = text.indexOf('\n', at);
    at = found === -1 || found >= end ? end : found + 1;
    yield at;
  }
}

/** With the blanks before it, and cut where it is long. */
function wordEndFrom(text: string, start: number): number {
  let at = start;
  while (at < text.length && isBlank(text, at)) at++;
  const first = at;
  while (at < text.length && at - first < maxWord && !isBlank(text, at)) at++;
  return at;
}

/** As `\s` has it, without its price for most characters. */
function isBlank(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit < 0x80 ? unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) : /\s/.test(text[at] ?? '');
}

/** The end without blanks. */
function trimEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(text, at - 1)) at--;
  return at;
}

/** Where the character begins that stands at `end`, with what belongs to it; never `start` itself. */
function characterStart(text: string, start: number, end: number): number {
  let at = end;
  while (at > start + 1 && /[\p{M}\u200D\uDC00-\uDFFF]/u.test(text[at] ?? '')) at--;
  return at > start + 1 ? at : end;
}
