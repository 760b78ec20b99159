/** A text as it reads when the escapes of JSON in it are undone, and where in the text itself each place of that stands. */
import type { Place } from '../../core/patterns/places.ts';

interface Escape {
  readonly start: number;
  readonly end: number;
  /** Behind what it means, in the plain text. */
  readonly plainEnd: number;
}

/** One in a text within a text has more backslashes. Looked for from the first of them alone: it takes linear time. */
const escapes = /(?<!\\)\\+(?:u([\da-f]{4})|(["/bfnrt]))/gi;
const meant: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

export class Unescaped {
  readonly plain: string;
  readonly #escapes: Escape[] = [];

  constructor(text: string) {
    let plain = '';
    let from = 0;
    for (const { index: start, 0: escape, 1: code, 2: letter = '' } of text.matchAll(escapes)) {
      plain += text.slice(from, start) + (code === undefined ? (meant[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16)));
      from = start + escape.length;
      this.#escapes.push({ start, end: from, plainEnd: plain.length });
    }
    this.plain = plain + text.slice(from);
  }

  /** In the text: a place of the plain text. */
  inText([start, end]: Place): Place {
    return [this.#startOf(start), this.#startOf(end)];
  }

  /** What begins in the middle of an escape begins behind it: the n of a \n is no part of an address. */
  outsideEscapes([start, end]: Place): Place {
    const escape = this.#last(({ start: begins }) => begins < start);
    return escape && escape.end > start ? [Math.min(escape.end, end), end] : [start, end];
  }

  #startOf(place: number): number {
    const escape = this.#last(({ plainEnd }) => plainEnd <= place);
    return escape ? place + escape.end - escape.plainEnd : place;
  }

  /** The last for which it holds, which are the first ones. By halves: there may be thousands. */
  #last(holds: (escape: Escape) => boolean): Escape | undefined {
    let low = -1;
    let high = this.#escapes.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (holds(this.#escapes[middle]!)) low = middle;
      else high = middle - 1;
    }
    return this.#escapes[low];
  }
}
