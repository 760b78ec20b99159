/** Takes out of texts what nobody should keep. */
import { Pattern } from '../../core/patterns/pattern.ts';
import type { Place } from '../../core/patterns/places.ts';
import { PatternFailure } from '../../core/patterns/time-box.ts';
import { flagsOf } from './expressions.ts';
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
