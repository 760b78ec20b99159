/** The marks within a line of a model's answer. Linear in its length, whatever it holds. */

export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'bold' | 'italic'; parts: Inline[] }
  | { kind: 'link'; url: string; parts: Inline[] };

const mark = /`+|\*+|\[|\bhttps?:\/\/|\\[*`_#]/g;
const link = /\[([^[\]\n]{1,1000})\]\(([^\s()<>]{1,2000}(?:\([^\s()<>]{0,500}\)[^\s()<>]{0,500})?)\)/y;
const address = /https?:\/\/[^\s<>"'`]{1,2000}/y;

export function formatInline(text: string): Inline[] {
  return new InlineReader(text, true).read();
}

/** The address as a browser would use it, or undefined where it is not one to click on. */
export function safeUrl(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return undefined;
  try {
    const { username, password, href } = new URL(text);
    // A user name before the host only ever disguises it.
    return username === '' && password === '' ? href : undefined;
  } catch {
    return undefined;
  }
}

class InlineReader {
  readonly #text: string;
  readonly #links: boolean;
  readonly #parts: Inline[] = [];
  /** Marks that nothing closes any more: looking again and again would take quadratic time. */
  readonly #open = new Set<string>();
  #at = 0;
  #plain = '';

  constructor(text: string, links: boolean) {
    this.#text = text;
    this.#links = links;
  }

  read(): Inline[] {
    const marks = new RegExp(mark);
    for (;;) {
      marks.lastIndex = this.#at;
      const found = marks.exec(this.#text);
      if (!found) break;
      this.#plain += this.#text.slice(this.#at, found.index);
      this.#at = found.index;
      this.#readMark(found[0]);
    }
    this.#plain += this.#text.slice(this.#at);
    this.#flush();
    return this.#parts;
  }

  #readMark(found: string): void {
    const part = this.#partAt(found);
    if (part) {
      this.#flush();
      this.#parts.push(part);
    } else if (found.startsWith('\\')) {
      this.#plain += found.slice(1);
      this.#at += found.length;
    } else {
      this.#plain += found;
      this.#at += found.length;
    }
  }

  /** The part that the mark opens, or undefined where it is only a character. Moves on only past a part. */
  #partAt(found: string): Inline | undefined {
    switch (found[0]) {
      case '`':
        return this.#code(found);
      case '*':
        return this.#emphasis(found);
      case '[':
        return this.#link();
      case 'h':
        return this.#address();
      default:
        return undefined;
    }
  }

  #code(run: string): Inline | undefined {
    const text = this.#upTo(run, () => true);
    // A blank on both sides lets a code begin with a backtick.
    const padded = text?.startsWith(' ') && text.endsWith(' ') && text.trim() !== '';
    return text === undefined ? undefined : { kind: 'code', text: padded ? text.slice(1, -1) : text };
  }

  #emphasis(run: string): Inline | undefined {
    const before = this.#text[this.#at - 1] ?? ' ';
    const after = this.#text[this.#at + run.length] ?? ' ';
    // 2 * 3, and 2*3*4, are sums and no emphasis.
    if (run.length > 3 || /\s/.test(after) || (run.length === 1 && /[\p{L}\p{N}]/u.test(before))) return undefined;
    const text = this.#upTo(run, (end) => !/\s/.test(this.#text[end - 1] ?? ' '));
    if (text === undefined) return undefined;
    const parts = new InlineReader(text, this.#links).read();
    if (run.length === 1) return { kind: 'italic', parts };
    return { kind: 'bold', parts: run.length === 2 ? parts : [{ kind: 'italic', parts }] };
  }

  #link(): Inline | undefined {
    if (!this.#links) return undefined;
    const [whole, label = '', target = ''] = this.#match(link);
    const url = safeUrl(target);
    if (whole === undefined || url === undefined) return undefined;
    this.#at += whole.length;
    return { kind: 'link', url, parts: new InlineReader(label, false).read() };
  }

  #address(): Inline | undefined {
    if (!this.#links) return undefined;
    const text = withoutPunctuation(this.#match(address)[0] ?? '');
    const url = safeUrl(text);
    if (url === undefined) return undefined;
    this.#at += text.length;
    return { kind: 'link', url, parts: [{ kind: 'text', text }] };
  }

  #match(pattern: RegExp): readonly (string | undefined)[] {
    const sticky = new RegExp(pattern);
    sticky.lastIndex = this.#at;
    return sticky.exec(this.#text) ?? [];
  }

  /** The text up to the next run of marks that closes this one, or undefined. Moves behind it. */
  #upTo(run: string, mayClose: (at: number) => boolean): string | undefined {
    if (this.#open.has(run)) return undefined;
    const character = run[0];
    const from = this.#at + run.length;
    for (let at = this.#text.indexOf(run, from); at !== -1; at = this.#text.indexOf(run, at)) {
      let end = at;
      while (this.#text[end] === character) end++;
      // Three asterisks at the end of **one *in another*** close both.
      const closes = end - at === run.length || (character === '*' && end - at === 3);
      if (closes && mayClose(at)) {
        this.#at = end;
        return this.#text.slice(from, end - run.length);
      }
      at = end;
    }
    this.#open.add(run);
    return undefined;
  }

  #flush(): void {
    if (this.#plain !== '') this.#parts.push({ kind: 'text', text: this.#plain });
    this.#plain = '';
  }
}

/** The full stop after an address belongs to the sentence, and the parenthesis around it to neither. */
function withoutPunctuation(url: string): string {
  let end = url.length;
  while (end > 0 && '.,;:!?*_'.includes(url[end - 1] ?? '')) end--;
  if (url[end - 1] === ')' && !url.includes('(')) end--;
  if (url[end - 1] === ']' && !url.includes('[')) end--;
  return url.slice(0, end);
}
