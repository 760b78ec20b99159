/**
 * Most chunks of a stream differ in one text alone. Once a chunk is parsed, what stands before and after its text is the
 * template for the next ones: a chunk that fits it need not be parsed, which costs most of the time of a fast stream.
 */

/** No quotation mark, backslash or control character: such a text stands in JSON as it is. */
// oxlint-disable-next-line no-control-regex
const plainText = /^[^"\\\u0000-\u001f]+$/;

export class ChunkTemplate {
  readonly #before: string;
  readonly #after: string;

  private constructor(before: string, after: string) {
    this.#before = before;
    this.#after = after;
  }

  /**
   * The template of a chunk whose only news is `text`, or undefined where that cannot be told for certain.
   * `readText` parses a chunk and gives back its text, or undefined where there is more in it.
   */
  static of(chunk: string, text: string, readText: (chunk: string) => string | undefined): ChunkTemplate | undefined {
    if (!plainText.test(text)) return undefined;
    const literal = `:"${text}"`;
    const at = chunk.indexOf(literal);
    if (at < 0 || at !== chunk.lastIndexOf(literal)) return undefined;
    const template = new ChunkTemplate(chunk.slice(0, at + 2), chunk.slice(at + literal.length - 1));
    // The text may stand in another place than the one that counts: try with a text that no model would say.
    const probe = 'probe-3f1c';
    return readText(template.#before + probe + template.#after) === probe ? template : undefined;
  }

  /** The text of a chunk that fits, or undefined. */
  textOf(chunk: string): string | undefined {
    const length = chunk.length - this.#before.length - this.#after.length;
    // Slices compare as memory does; startsWith on a part of a larger text takes five times as long.
    const end = this.#before.length + length;
    if (length <= 0 || chunk.slice(0, this.#before.length) !== this.#before || chunk.slice(end) !== this.#after) return undefined;
    const text = chunk.slice(this.#before.length, end);
    return plainText.test(text) ? text : undefined;
  }
}
