/** What looks like a citation: a pair of brackets with numbers in it. */

/** A wider one is no range of passages: [1914-1918]. It also bounds the work on hostile text. */
const widestRange = 50;

/**
 * A group of numbers in brackets, with what tells that it is none: a backslash before it, behind it what makes it a link, or the colon
 * of a definition at the start of a line, as in `[1]: https://…`. All repetitions are bounded or exclude the bracket: linear time.
 */
export const groups = /(?<escape>\\?)[[【](?<numbers>[\d\s,;、，^–—-]{1,200})(?:†[^[\]【】\n]{0,200})?[\]】](?:(?<link>\([^\s()]*\))|(?<colon>:))?/g;

/** The numbers in a pair of brackets; undefined where something else stands there too, or a number that no passage has. */
export function readNumbers(inner: string, most: number): number[] | undefined {
  const numbers: number[] = [];
  for (const item of inner.split(/[,;、，]/)) {
    const [, first, last = first] = /^\s*\^?(\d{1,6})(?:\s*[–—-]\s*(\d{1,6}))?\s*$/.exec(item) ?? [];
    if (first === undefined) return undefined;
    const [from, to] = [Number(first), Number(last)];
    if (to < from || to - from > widestRange) return undefined;
    for (let number = from; number <= to; number++) if (number >= 1 && number <= most) numbers.push(number);
  }
  return numbers;
}
