/** Which of the passages that a request brought with it an answer cites: [1], [2, 3], [1][2], [1-3], [^1], 【1】 and 【1†source】. */
import { withoutCode } from './code-spans.ts';
import { type ContextPassage, readPassageAt } from './context.ts';
import { isRecord } from './request.ts';

/** In `msg.completion.citations`: a passage that the answer names, by the number it names it with. */
export interface Citation extends Omit<ContextPassage, 'text' | 'score'> {
  /** Counted from 1, as in the prompt. */
  number: number;
}

/** A wider one is no range of passages: [1914-1918]. It also bounds the work on hostile text. */
const widestRange = 50;

/**
 * A group of numbers in brackets, with what tells that it is none: a backslash before it, behind it what makes it a link, or the colon
 * of a definition at the start of a line, as in `[1]: https://…`. All repetitions are bounded or exclude the bracket: linear time.
 */
const groups = /(?<escape>\\?)[[【](?<numbers>[\d\s,;、，^–—-]{1,200})(?:†[^[\]【】\n]{0,200})?[\]】](?:(?<link>\([^\s()]*\))|(?<colon>:))?/g;

/**
 * The citations of an answer's text, each once, in the order of first mention. Not counted are numbers in code, the texts of Markdown
 * links and images, definitions of footnotes, and numbers that no passage has. `context` may be anything.
 */
export function citationsOf(text: string, context: unknown): Citation[] {
  const cited = new Map<number, Citation | undefined>();
  if (!Array.isArray(context) || context.length === 0) return [];
  for (const number of numbersIn(text, context.length)) {
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

function* numbersIn(text: string, most: number): Generator<number> {
  const prose = withoutCode(text);
  for (const match of prose.matchAll(groups)) {
    const { escape, numbers = '', link, colon } = match.groups ?? {};
    if (escape || link || (colon && startsLine(prose, match.index))) continue;
    yield* readNumbers(numbers, most) ?? [];
  }
}

function startsLine(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 4), at);
  return /(^|\n) {0,3}$/.test(before);
}

/** The numbers in a pair of brackets; undefined where something else stands there too, or a number that no passage has. */
function readNumbers(inner: string, most: number): number[] | undefined {
  const numbers: number[] = [];
  for (const item of inner.split(/[,;、，]/)) {
    const [, first, last = first] = /^\s*\^?(\d{1,6})(?:\s*[–—-]\s*(\d{1,6}))?\s*$/.exec(item) ?? [];
    if (first === undefined) return undefined;
    const [from, to] = [Number(first), Number(last)];
    if (to < from || to - from > widestRange) return undefined;
    for (let number = from; number <= to; number++) if (number >= 1 && number <= most) numbers.push(number);
  }
  return numbers;
}
