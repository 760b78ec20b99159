/** A text that grows: what is finished in it is read once, the rest again and again. */
import { markdown } from './markdown.ts';
import { type Markup, markupOf } from './markup.ts';
import { withoutUndecided } from './undecided.ts';

/** The blocks of a text from one of them on; those before it are as they were. */
export interface Blocks {
  from: number;
  blocks: Markup[];
}

export class GrowingText {
  /** The part that is finished, and how many blocks it makes. */
  #finished = '';
  #count = 0;
  /** The addresses that links in the finished part and behind it may name. */
  #references = {};

  /**
   * @param text the whole of it, longer than before
   * @param isWhole whether nothing comes after it. All of it is read anew then: its end may define what links at its beginning mean.
   */
  read(text: string, isWhole: boolean): Blocks {
    const lines = text.replace(/\r\n?/g, '\n');
    if (isWhole || !lines.startsWith(this.#finished)) this.#startOver();
    if (isWhole) return { from: 0, blocks: blocksOf(lines, {}) };
    const from = this.#count;
    const finished = this.#finish(lines.slice(this.#finished.length));
    const rest = withoutUndecided(lines.slice(this.#finished.length), this.#references);
    return { from, blocks: [...finished, ...blocksOf(rest, this.#references)] };
  }

  /** Takes from the text what will not change any more: every block before the last one that has begun for certain. */
  #finish(text: string): Markup[] {
    const starts = blockStarts(text, this.#references);
    // A line that is on its way may yet turn out to belong to the block before it.
    const last = starts.filter((start) => text.includes('\n', start)).at(-1) ?? 0;
    if (last === 0) return [];
    const part = text.slice(0, last);
    this.#finished += part;
    const env = { references: this.#references };
    const blocks = markupOf(markdown.parse(part, env));
    this.#references = env.references;
    this.#count += blocks.length;
    return blocks;
  }

  #startOver(): void {
    this.#finished = '';
    this.#count = 0;
    this.#references = {};
  }
}

/** What the end of the text defines is not kept: it may be half an address. */
function blocksOf(text: string, references: object): Markup[] {
  return markupOf(markdown.parse(text, { references: { ...references } }));
}

function blockStarts(text: string, references: object): number[] {
  const lines = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  const tokens = markdown.parse(text, { references: { ...references } });
  return tokens.flatMap(({ level, nesting, map }) => (level === 0 && nesting >= 0 && map ? [lines[map[0]] ?? 0] : []));
}
