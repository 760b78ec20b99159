/**
 * A regular expression that a person, a message or a flow has given, over texts that anybody may have written: none of them can hold up
 * everybody else. It means what it means in JavaScript. Where trying is little work, JavaScript's own engine tries; else RE2, whose work grows
 * with the text alone; what RE2 cannot say, and what would be much work, is tried in a thread that is ended after a while.
 */
import type { Facts } from './facts.ts';
import { isSameInRe2, LinearPattern } from './linear.ts';
import { type Place, placesOf } from './places.ts';
import { type Flags, readPattern } from './syntax.ts';
import { type TimeBox, timeBox } from './time-box.ts';

/** Longer is no pattern that a person writes. */
export const maxPatternChars = 10_000;

/** So much trying takes a few ms: the steps of JavaScript's engine at worst, and those of RE2. */
const quickSteps = 4_000_000;
const quickLinearSteps = 200_000;

export class Pattern {
  readonly source: string;
  readonly #expression: RegExp;
  readonly #flags: Flags;
  readonly #facts: Facts | undefined;
  readonly #box: TimeBox;
  #linear: LinearPattern | undefined;
  /** By the power of two that a text's length is below. */
  readonly #isQuick: boolean[] = [];

  /** @throws SyntaxError where it is no regular expression; RangeError where it is too long */
  constructor(source: string, flags: Flags, box: TimeBox = timeBox) {
    if (source.length > maxPatternChars) throw new RangeError(`A pattern has at most ${maxPatternChars} characters.`);
    this.source = source;
    this.#expression = new RegExp(source, `g${flags.ignoreCase ? 'i' : ''}${flags.unicode ? 'u' : ''}`);
    this.#flags = flags;
    this.#facts = readPattern(source, flags);
    this.#box = box;
  }

  /** Whether the text has a place that fits. Rejects with a PatternFailure where that cannot be told in time. */
  async test(text: string): Promise<boolean> {
    if (this.#isQuickFor(text)) return text.search(this.#expression) >= 0;
    const linear = this.#linearFor(text);
    return linear ? linear.test(text) : this.#box.test(this.#expression, text);
  }

  /** All places that fit and are not empty. Rejects with a PatternFailure where they cannot be told in time. */
  async places(text: string): Promise<readonly Place[]> {
    if (this.#isQuickFor(text)) return placesOf(this.#expression, text);
    const linear = this.#facts?.isSamePlace ? this.#linearFor(text) : undefined;
    return linear ? linear.places(text) : this.#box.places(this.#expression, text);
  }

  #isQuickFor({ length }: string): boolean {
    if (!this.#facts) return false;
    const power = 32 - Math.clz32(length);
    const chars = 2 ** power;
    // At worst it is tried from each place of the text.
    return (this.#isQuick[power] ??= this.#facts.steps(chars) * chars <= quickSteps);
  }

  /** Undefined where RE2 would find something else, or would take long. */
  #linearFor(text: string): LinearPattern | undefined {
    const facts = this.#facts;
    if (facts?.re2 === undefined || facts.size * text.length > quickLinearSteps || !isSameInRe2(facts, this.#flags, text)) return undefined;
    return (this.#linear ??= new LinearPattern(facts.re2, this.#flags.ignoreCase));
  }
}
