/** RE2, loaded with the first pattern that needs it. */
import type { RE2JS } from 're2js';
import { hasOddLetters, hasSurrogates } from './characters.ts';
import type { Facts } from './facts.ts';
import type { Place } from './places.ts';
import type { Flags } from './syntax.ts';

/** Whether RE2's word for a pattern means the same for this text. */
export function isSameInRe2({ re2, seesHalves }: Facts, { ignoreCase, unicode }: Flags, text: string): boolean {
  if (re2 === undefined || (ignoreCase && hasOddLetters(text))) return false;
  return !hasSurrogates(text) || (!seesHalves && (!unicode || text.isWellFormed()));
}

export class LinearPattern {
  readonly #re2: string;
  readonly #ignoreCase: boolean;
  #compiled: Promise<RE2JS> | undefined;

  constructor(re2: string, ignoreCase: boolean) {
    this.#re2 = re2;
    this.#ignoreCase = ignoreCase;
  }

  async test(text: string): Promise<boolean> {
    return (await this.#engine()).test(text);
  }

  async places(text: string): Promise<Place[]> {
    const engine = await this.#engine();
    // To ask whether there is any is ten times as quick.
    if (!engine.test(text)) return [];
    const matcher = engine.matcher(text);
    const places: Place[] = [];
    while (matcher.find()) if (matcher.end() > matcher.start()) places.push([matcher.start(), matcher.end()]);
    return places;
  }

  #engine(): Promise<RE2JS> {
    return (this.#compiled ??= import('re2js').then((module) => module.RE2JS.compile(this.#re2, this.#ignoreCase ? module.RE2JS.CASE_INSENSITIVE : 0)));
  }
}
