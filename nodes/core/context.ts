/** The passages that a request brings with it, as evidence. */

/** In `msg.llm.context`; the first one is [1] in the prompt. Plain data. */
export interface ContextPassage {
  text: string;
  /** Where a reader finds the document: a path, an address, else its id. */
  source: string;
  title: string;
  /** The headings above the passage, the outermost first. */
  headings: string[];
  /** How relevant it is, from 0 to 1; comparable only within one question. The order of the passages goes by more than this. */
  score: number;
  /** Where the passage stands in the document's text, in UTF-16 units. */
  start: number;
  end: number;
  /** Counted from 1; only where the document has pages. */
  page?: number;
}

/**
 * The passages in a message, which anybody may have written: a string is a passage, and what is missing is empty. Never throws: what
 * is no passage at all is an empty one, so that the others keep their numbers.
 */
export function readContext(given: unknown): ContextPassage[] {
  return Array.isArray(given) ? Array.from(given as unknown[], (entry) => readPassage(entry) ?? emptyPassage()) : [];
}

/** One of the passages in a message, by its place, counted from 0; undefined where none is. */
export function readPassageAt(given: unknown, index: number): ContextPassage | undefined {
  return Array.isArray(given) ? readPassage((given as unknown[])[index]) : undefined;
}

function readPassage(entry: unknown): ContextPassage | undefined {
  if (typeof entry === 'string') return { ...emptyPassage(), text: entry, end: entry.length };
  if (!isRecord(entry) || typeof entry['text'] !== 'string') return undefined;
  const { text, source, title, headings, score, start, end, page } = entry;
  const from = readPlace(start) ?? 0;
  return {
    text,
    source: readText(source),
    title: readText(title),
    headings: Array.isArray(headings) ? headings.filter((heading) => typeof heading === 'string') : [],
    score: typeof score === 'number' && Number.isFinite(score) ? score : 0,
    start: from,
    end: readPlace(end) ?? from + text.length,
    ...(readPlace(page) && { page: page as number }),
  };
}

function emptyPassage(): ContextPassage {
  return { text: '', source: '', title: '', headings: [], score: 0, start: 0, end: 0 };
}

function readText(given: unknown): string {
  return typeof given === 'string' ? given : '';
}

function readPlace(given: unknown): number | undefined {
  return typeof given === 'number' && Number.isSafeInteger(given) && given >= 0 ? given : undefined;
}import { isRecord } from './json.ts';

