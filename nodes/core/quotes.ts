/** Tells where an answer quotes a passage, with a number that stands in it: the number is the document's own then, as papers have them. */
import { groups } from './citation-groups.ts';
import { readPassageAt } from './context.ts';

/** So many characters before the number, or behind it, are the same in a quote; fewer may be so by chance. */
const sameLength = 24;
/** Where so much is mostly blank, nothing is compared. */
const longestSide = 100;

const none: ReadonlySet<number> = new Set();

export class Quotes {
  /** By a number with what stands before or behind it: the numbers of the passages that it stands in. */
  readonly #sources = new Map<string, Set<number>>();

  /** `context` may hold anything. Linear time. */
  constructor(context: readonly unknown[]) {
    for (const at of context.keys()) {
      const text = readPassageAt(context, at)?.text ?? '';
      for (const match of text.matchAll(groups)) {
        for (const key of keysOf(text, match)) this.#sources.set(key, (this.#sources.get(key) ?? new Set()).add(at + 1));
      }
    }
  }

  /** The numbers of the passages that a group of numbers in an answer is quoted from; none where it is the answer's own. */
  sourcesOf(text: string, match: RegExpExecArray): ReadonlySet<number> {
    if (this.#sources.size === 0) return none;
    for (const key of keysOf(text, match)) {
      const found = this.#sources.get(key);
      if (found) return found;
    }
    return none;
  }
}

/** With blanks as one: an answer breaks lines elsewhere. Of a side that is too short there is no key. */
function keysOf(text: string, match: RegExpExecArray): string[] {
  const { escape = '', numbers = '', link = '', colon = '' } = match.groups ?? {};
  const start = match.index + escape.length;
  const end = match.index + match[0].length - link.length - colon.length;
  const before = asOne(text.slice(Math.max(0, start - longestSide), start)).slice(-sameLength);
  const behind = asOne(text.slice(end, end + longestSide)).slice(0, sameLength);
  const number = asOne(numbers).replaceAll(' ', '');
  return [before.length === sameLength && `${before}[${number}]`, behind.length === sameLength && `[${number}]${behind}`].filter((key) => key !== false);
}

function asOne(text: string): string {
  return text.replace(/\s+/g, ' ');
}
