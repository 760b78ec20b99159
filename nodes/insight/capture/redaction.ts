/** Takes out of texts what nobody should keep. */
import { Pattern } from '../../core/patterns/pattern.ts';
import type { Place } from '../../core/patterns/places.ts';
import type { Flags } from '../../core/patterns/syntax.ts';
import { PatternFailure } from '../../core/patterns/time-box.ts';
import { findCards, findEmails, type Finder, findKeys } from './secrets.ts';
import { Unescaped } from './unescaped.ts';

/** What stands in the place of what was taken out. */
export const redacted = '[redacted]';

/** What stands in the place of all of a text that could not be looked through. */
export const withheld = '[not kept: an expression of a monitor took too long for this text]';

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

/** @throws SyntaxError */
function expressionOf(pattern: string): RegExp {
  return new RegExp(pattern, flagsOf(pattern).unicode ? 'iu' : 'i');
}

/** Upper and lower case are the same: rather too much is taken out than too little. */
export function flagsOf(pattern: string): Flags {
  try {
    void new RegExp(pattern, 'u');
    return { ignoreCase: true, unicode: true };
  } catch {
    // Some are right only by the older rules.
    return { ignoreCase: true, unicode: false };
  }
}

export interface Redacted {
  readonly text: string;
  /** How many places were taken out. */
  readonly places: number;
  /** Whether none of the text is left, for nobody knows what is in it. */
  readonly isWithheld?: boolean;
}

export class Redaction {
  readonly #finders: readonly Finder[];
  readonly #patterns: readonly Pattern[];
  readonly #onTrouble: (complaint: string) => void;
  /** Those that were complained about: once is enough. */
  readonly #troubles = new Set<Pattern>();

  /** `onTrouble` is told once of each expression that took too long for a text, without a word of that. */
  constructor({ keys, emails, cards, patterns }: RedactionSettings, onTrouble: (complaint: string) => void = () => undefined) {
    this.#finders = [...(keys ? [findKeys] : []), ...(emails ? [findEmails] : []), ...(cards ? [findCards] : [])];
    this.#patterns = patterns.map((pattern) => new Pattern(pattern, flagsOf(pattern)));
    this.#onTrouble = onTrouble;
  }

  /** The text may be JSON, or have JSON in it, at any depth: what stands there with escapes is found, too. Never rejects. */
  async redact(text: string): Promise<Redacted> {
    const asItIs = await this.#find(text);
    if (!asItIs) return nothing;
    if (!text.includes('\\')) return cutOut(text, asItIs);
    const unescaped = new Unescaped(text);
    const inPlain = await this.#find(unescaped.plain);
    if (!inPlain) return nothing;
    return cutOut(text, [...asItIs.map((place) => unescaped.outsideEscapes(place)), ...inPlain.map((place) => unescaped.inText(place))]);
  }

  /** Undefined where nobody can tell in time. */
  async #find(text: string): Promise<Place[] | undefined> {
    const found = this.#finders.flatMap((find) => find(text));
    for (const pattern of this.#patterns) {
      const places = await this.#placesOf(pattern, text);
      if (!places) return undefined;
      found.push(...places);
    }
    return found;
  }

  async #placesOf(pattern: Pattern, text: string): Promise<readonly Place[] | undefined> {
    try {
      return await pattern.places(text);
    } catch (error) {
      this.#complain(pattern, error);
      return undefined;
    }
  }

  #complain(pattern: Pattern, error: unknown): void {
    if (this.#troubles.has(pattern)) return;
    this.#troubles.add(pattern);
    const reason = error instanceof PatternFailure ? error.message : 'It failed.';
    this.#onTrouble(`The expression ${pattern.source} could not look through a text, which is not kept. ${reason}`);
  }
}

const nothing: Redacted = { text: withheld, places: 1, isWithheld: true };

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
