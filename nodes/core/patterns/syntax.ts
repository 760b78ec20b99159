/** Reads a regular expression of JavaScript that is known to be one. Knows what people write; what it does not know, it says nothing of. */
import { anyButLineEnds, anything, codeOf, hasOddLetters, namedSets } from './characters.ts';
import { alternatives, backReference, edge, type Facts, group, look, one, repetition, sequence } from './facts.ts';

export interface Flags {
  readonly ignoreCase: boolean;
  readonly unicode: boolean;
}

/** Undefined where it holds something that is not known here. */
export function readPattern(source: string, flags: Flags): Facts | undefined {
  try {
    return new Reader(source, flags).all();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

/** Whether RE2 has words for it. What it has none for is tried for a while only where a text is long, and a person should know. */
export function isLinear(source: string, flags: Flags): boolean {
  return readPattern(source, flags)?.re2 !== undefined;
}

class Unknown extends Error {}

/** A member of a class: a character, or a set that has a name. */
type Member = { readonly point: number } | { readonly set: string };

const lookarounds = ['?=', '?!', '?<=', '?<!'] as const;
const controls: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d };
/** Deeper than this is nothing that a person wrote. */
const maxDepth = 100;

class Reader {
  readonly #source: string;
  readonly #flags: Flags;
  #at = 0;
  #depth = 0;

  constructor(source: string, flags: Flags) {
    this.#source = source;
    this.#flags = flags;
  }

  all(): Facts {
    const facts = this.#alternatives();
    if (this.#at < this.#source.length) throw new Unknown();
    return facts;
  }

  #alternatives(): Facts {
    if (++this.#depth > maxDepth) throw new Unknown();
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    this.#depth--;
    return alternatives(parts);
  }

  #sequence(): Facts {
    const parts: Facts[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#next)) parts.push(this.#repeated());
    return sequence(parts);
  }

  #repeated(): Facts {
    const part = this.#part();
    const bounds = this.#quantifier();
    return bounds ? repetition(part, ...bounds, this.#take('?')) : part;
  }

  #quantifier(): [min: number, max: number] | undefined {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    const [braces, min, comma, max] = /^\{(\d{1,9})(,?)(\d{0,9})\}/.exec(this.#source.slice(this.#at, this.#at + 24)) ?? [];
    if (braces === undefined) return undefined;
    this.#at += braces.length;
    return [Number(min), comma === '' ? Number(min) : max === '' ? Infinity : Number(max)];
  }

  #part(): Facts {
    const { unicode } = this.#flags;
    if (this.#take('(')) return this.#group();
    if (this.#take('[')) return this.#class();
    if (this.#take('\\')) return this.#escape();
    if (this.#take('.')) return one(anyButLineEnds, !unicode);
    if (this.#take('^')) return edge('\\A');
    if (this.#take('$')) return edge('\\z');
    return this.#character(this.#point());
  }

  #group(): Facts {
    const isLook = lookarounds.some((mark) => this.#take(mark));
    if (!isLook && !this.#take('?:') && this.#take('?')) this.#name();
    const inside = this.#alternatives();
    if (!this.#take(')')) throw new Unknown();
    return isLook ? look(inside) : group(inside);
  }

  /** Of a group: what it took is of no interest here. */
  #name(): void {
    const [name] = /^<[\w$]{1,100}>/.exec(this.#source.slice(this.#at, this.#at + 102)) ?? [];
    if (name === undefined) throw new Unknown();
    this.#at += name.length;
  }

  #escape(): Facts {
    const { ignoreCase, unicode } = this.#flags;
    const letter = this.#next;
    if (letter === 'b' || letter === 'B') {
      this.#at++;
      // Between two halves there is no word's edge, with the u flag, too.
      return edge(`\\${letter}`, letter === 'B');
    }
    if (/[1-9]/.test(letter)) {
      while (/\d/.test(this.#next)) this.#at++;
      return backReference();
    }
    const member = this.#escaped();
    if ('point' in member) return this.#character(member.point);
    // Without case, JavaScript has letters beyond ASCII among those of words, and that in several ways.
    const isSame = !(member.set === 'W' && ignoreCase && unicode);
    return one(isSame ? `[${namedSets[member.set]}]` : undefined, isNegated(member) && !unicode);
  }

  #character(point: number): Facts {
    return one(this.#isSameCharacter(point) ? codeOf(point) : undefined);
  }

  /** Halves of characters, and letters whose case is another's. */
  #isSameCharacter(point: number): boolean {
    const isHalf = point >= 0xd800 && point <= 0xdfff;
    return !isHalf && !(this.#flags.ignoreCase && hasOddLetters(String.fromCodePoint(point)));
  }

  #class(): Facts {
    const { unicode } = this.#flags;
    const isNot = this.#take('^');
    if (this.#take(']')) return one(isNot ? anything : undefined, isNot && !unicode);
    let re2: string | undefined = '';
    let seesHalves = isNot;
    while (!this.#take(']')) {
      const from = this.#member();
      const isRange = this.#source.startsWith('-', this.#at) && this.#source[this.#at + 1] !== ']';
      if (isRange) this.#at++;
      const to = isRange ? this.#member() : from;
      const said = this.#range(from, to);
      re2 = re2 === undefined || said === undefined ? undefined : re2 + said;
      seesHalves ||= isNegated(from);
    }
    return one(re2 === undefined ? undefined : `[${isNot ? '^' : ''}${re2}]`, seesHalves && !unicode);
  }

  #range(from: Member, to: Member): string | undefined {
    const { ignoreCase } = this.#flags;
    if ('set' in from || 'set' in to) {
      // Where a range should be, a set's name makes the hyphen a character.
      if (!('set' in from) || from !== to) throw new Unknown();
      return ignoreCase && from.set === 'W' ? undefined : namedSets[from.set];
    }
    if (!this.#isSameCharacter(from.point) || !this.#isSameCharacter(to.point)) return undefined;
    if (from === to) return codeOf(from.point);
    // It may hold letters whose case is another's, or halves.
    return to.point < 0x80 || (!ignoreCase && (to.point < 0xd800 || from.point > 0xdfff)) ? `${codeOf(from.point)}-${codeOf(to.point)}` : undefined;
  }

  #member(): Member {
    if (!this.#take('\\')) return { point: this.#point() };
    if (this.#take('b')) return { point: 0x08 };
    return this.#escaped();
  }

  /** After the backslash. */
  #escaped(): Member {
    const { unicode } = this.#flags;
    const letter = this.#next;
    if (Object.hasOwn(namedSets, letter)) {
      this.#at++;
      return { set: letter };
    }
    if (Object.hasOwn(controls, letter)) {
      this.#at++;
      return { point: controls[letter] as number };
    }
    const [code, x, u, braces, zero] = hexCode.exec(this.#source.slice(this.#at, this.#at + 10)) ?? [];
    if (code !== undefined && (braces === undefined || unicode)) {
      this.#at += code.length;
      return { point: zero === undefined ? Number.parseInt(x ?? u ?? braces ?? '', 16) : 0 };
    }
    // Letters and digits that are not known mean one thing or the other, as the flags are.
    if (/[\w\ud800-\udfff]/.test(letter) || letter === '') throw new Unknown();
    return { point: this.#point() };
  }

  get #next(): string {
    return this.#source[this.#at] ?? '';
  }

  #take(text: string): boolean {
    const isThere = this.#source.startsWith(text, this.#at);
    if (isThere) this.#at += text.length;
    return isThere;
  }

  /** With the u flag a whole character, else one unit of UTF-16. */
  #point(): number {
    const point = this.#flags.unicode ? this.#source.codePointAt(this.#at) : this.#source.charCodeAt(this.#at);
    if (point === undefined || Number.isNaN(point)) throw new Unknown();
    this.#at += point > 0xffff ? 2 : 1;
    return point;
  }
}

function isNegated(member: Member): boolean {
  return 'set' in member && member.set === member.set.toUpperCase();
}

const hexCode = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]{1,6})\}|(0)(?!\d))/;
