/** Which of the passages that a request brought with it an answer cites: [1], [2, 3], [1][2], [1-3], [^1], 【1】 and 【1†source】. */
import { groups, readNumbers } from './citation-groups.ts';
import { withoutCode } from './code-spans.ts';
import { type ContextPassage, readPassageAt } from './context.ts';
import { isRecord } from './json.ts';
import { Quotes } from './quotes.ts';

/** In `msg.completion.citations`: a passage that the answer names, by the number it names it with. */
export interface Citation extends Omit<ContextPassage, 'text' | 'score'> {
  /** Counted from 1, as in the prompt. */
  number: number;
}

/**
 * The citations of an answer's text, each once, in the order of first mention. Not counted are numbers in code, the texts of Markdown
 * links and images, definitions of footnotes, numbers that no passage has, and those that the answer quotes from another passage, as
 * papers have them. `context` may be anything.
 */
export function citationsOf(text: string, context: unknown): Citation[] {
  const cited = new Map<number, Citation | undefined>();
  if (!Array.isArray(context) || context.length === 0) return [];
  for (const number of numbersIn(text, context)) {
    if (!cited.has(number)) cited.set(number, citationOf(number, context));
  }
  return [...cited.values()].filter((citation) => citation !== undefined);
}

/** The completion with what its text cites of `msg.llm.context`; as it is where the request brought no passages. */
export function withCitations<C extends { readonly text: string; citations?: Citation[] }>(completion: C, llm: unknown): C {
  const context = isRecord(llm) ? llm['context'] : undefined;
  return Array.isArray(context) && context.length > 0 ? { ...completion, citations: citationsOf(completion.text, context) } : completion;
}

function citationOf(number: number, context: unknown): Citation | undefined {
  const passage = readPassageAt(context, number - 1);
  if (!passage) return undefined;
  const { text: _text, score: _score, ...place } = passage;
  return { number, ...place };
}

function* numbersIn(text: string, context: readonly unknown[]): Generator<number> {
  const prose = withoutCode(text);
  let quotes: Quotes | undefined;
  for (const match of prose.matchAll(groups)) {
    const { escape, numbers = '', link, colon } = match.groups ?? {};
    if (escape || link || (colon && startsLine(prose, match.index))) continue;
    const found = readNumbers(numbers, context.length) ?? [];
    if (found.length === 0) continue;
    quotes ??= new Quotes(context);
    const sources = quotes.sourcesOf(prose, match);
    // What a passage says of its own number is as good as a citation of it.
    for (const number of found) if (sources.size === 0 || sources.has(number)) yield number;
  }
}

function startsLine(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 4), at);
  return /(^|\n) {0,3}$/.test(before);
}
