/** Takes out of texts what nobody should keep. */
import { findCards, findEmails, type Finder, finderOf, findKeys, type Place } from './secrets.ts';
import { Unescaped } from './unescaped.ts';

/** What stands in the place of what was taken out. */
export const redacted = '[redacted]';

export interface RedactionSettings {
  readonly keys: boolean;
  readonly emails: boolean;
  readonly cards: boolean;
  /** A person's own regular expressions. */
  readonly patterns: readonly string[];
}

/** So many expressions of a person's own, each so long. */
const maxPatterns = 50;
const maxPatternChars = 500;

/** @throws RangeError that names the line, counted from 1 */
export function readPatterns(given: unknown): string[] {
  const wrong = wrongPattern(given);
  if (wrong) throw new RangeError(`redactPatterns, line ${wrong.line}: ${complaints[wrong.reason]}`);
  return linesOf(given).filter((line) => line !== '');
}

const complaints = {
  syntax: 'it is no regular expression.',
  everywhere: 'it would match everywhere.',
  long: `it is longer than ${maxPatternChars} characters.`,
  many: `at most ${maxPatterns} are taken.`,
} as const;

/** The first line that cannot be taken, and why. */
export function wrongPattern(given: unknown): { readonly line: number; readonly reason: keyof typeof complaints } | undefined {
  let count = 0;
  for (const [index, pattern] of linesOf(given).entries()) {
    if (pattern === '') continue;
    const reason = ++count > maxPatterns ? 'many' : reasonAgainst(pattern);
    if (reason) return { line: index + 1, reason };
  }
  return undefined;
}

function reasonAgainst(pattern: string): 'syntax' | 'everywhere' | 'long' | undefined {
  if (pattern.length > maxPatternChars) return 'long';
  try {
    return expressionOf(pattern).test('') ? 'everywhere' : undefined;
  } catch {
    return 'syntax';
  }
}

function linesOf(given: unknown): string[] {
  return String(given ?? '').split('\n').map((line) => line.trim());
}

/** Upper and lower case are the same: rather too much is taken out than too little. */
function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'giu');
  } catch {
    // Some are right only by the older rules.
    return new RegExp(pattern, 'gi');
  }
}

export interface Redacted {
  readonly text: string;
  /** How many places were taken out. */
  readonly places: number;
}

export class Redaction {
  readonly #finders: readonly Finder[];

  constructor({ keys, emails, cards, patterns }: RedactionSettings) {
    this.#finders = [...(keys ? [findKeys] : []), ...(emails ? [findEmails] : []), ...(cards ? [findCards] : []), ...patterns.map((pattern) => finderOf(expressionOf(pattern)))];
  }

  /** The text may be JSON, or have JSON in it, at any depth: what stands there with escapes is found, too. */
  redact(text: string): Redacted {
    const asItIs = this.#find(text);
    if (!text.includes('\\')) return cutOut(text, asItIs);
    const unescaped = new Unescaped(text);
    return cutOut(text, [...asItIs.map((place) => unescaped.outsideEscapes(place)), ...this.#find(unescaped.plain).map((place) => unescaped.inText(place))]);
  }

  #find(text: string): Place[] {
    return this.#finders.flatMap((find) => find(text));
  }
}

function cutOut(text: string, found: readonly Place[]): Redacted {
  if (found.length === 0) return { text, places: 0 };
  const merged: Array<[number, number]> = [];
  for (const [start, end] of found.toSorted(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  let left = '';
  let from = 0;
  for (const [start, end] of merged) {
    left += text.slice(from, start) + redacted;
    from = end;
  }
  return { text: left + text.slice(from), places: merged.length };
}
