/** The marks within a line that are open where a text has come to. */

/** A label that is closed, with nothing behind it yet or half an address. Bounded: it is tried at each bracket. */
const halfLink = /^[^[\]\n]*\](?:$|\((?:[^\s()]|\([^\s()]*(?:\)|$)){0,2000}$)/;
/** A bracket that is open for longer than this is no link's. */
const longestLabel = 200;
/** Marks that are open at once. More are no emphasis. */
const mostOpen = 50;

/** Emphasis, code and strikethrough that are open look as they will; a link comes when its address is there. */
export function withMarksClosed(text: string): string {
  return new MarkScan(text).closed();
}

class MarkScan {
  readonly #text: string;
  readonly #open: { mark: string; at: number }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  closed(): string {
    const marks = /\\[^]|`+|\*+|_+|~+|!?\[/g;
    for (let found = marks.exec(this.#text); found; found = marks.exec(this.#text)) {
      const [mark] = found;
      const { index } = found;
      const end = index + mark.length;
      if (mark.startsWith('\\')) continue;
      if (mark.startsWith('`')) {
        const closing = this.#closingRun(mark, end);
        if (closing === undefined) return this.#withCode(mark, index, end);
        marks.lastIndex = closing + mark.length;
      } else if (mark.endsWith('[')) {
        if (this.#isUndecidedLink(end)) return this.#end(index);
      } else if (end === this.#text.length) {
        return this.#end(index);
      } else {
        this.#emphasis(mark, index, end);
      }
    }
    return this.#end(this.#text.length);
  }

  #closingRun(mark: string, from: number): number | undefined {
    for (const { 0: run, index } of this.#text.slice(from).matchAll(/`+/g)) if (run.length === mark.length) return from + index;
    return undefined;
  }

  #withCode(mark: string, at: number, end: number): string {
    const code = this.#text.slice(end).replace(/`+$/, '');
    return code.trim() === '' ? this.#end(at) : this.#end(at, mark + code + mark);
  }

  /** Whether the bracket that ends before this place is open, or was closed just now, or is followed by half an address. */
  #isUndecidedLink(from: number): boolean {
    const rest = this.#text.slice(from);
    return (rest.length <= longestLabel && /^[^[\]\n]*$/.test(rest)) || halfLink.test(rest);
  }

  #emphasis(mark: string, at: number, end: number): void {
    const previous = this.#text[at - 1] ?? ' ';
    const next = this.#text[end] ?? ' ';
    const opened = this.#open.map((one) => one.mark).lastIndexOf(mark);
    if (opened >= 0 && !/\s/.test(previous)) this.#open.length = opened;
    else if (this.#open.length < mostOpen && mayOpen(mark, previous, next)) this.#open.push({ mark, at });
  }

  /** The text up to there, and what is put in place of the rest, with what is open closed. */
  #end(at: number, rest = ''): string {
    const text = (this.#text.slice(0, at) + rest).trimEnd();
    const open = this.#open.filter(({ mark, at }) => at + mark.length < text.length);
    const bare = this.#open.length > open.length ? text.slice(0, this.#open[open.length]?.at) : text;
    return bare + open.map(({ mark }) => mark).reverse().join(''); // oxlint-disable-line unicorn/no-array-reverse
  }
}

/** 2*3 is more likely a product than the beginning of a slanted 3. */
function mayOpen(mark: string, previous: string, next: string): boolean {
  return mark.length <= 3 && mark !== '~' && !/\s/.test(next) && !/[\p{L}\p{N}]/u.test(previous);
}
