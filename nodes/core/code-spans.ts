/** Markdown without its code: what stands in code is not said by the one who writes. */

/**
 * The text with fenced blocks and inline code blanked out, everything else in its place. An open fence reaches to the end, as in an
 * answer that breaks off. Linear time. Source: CommonMark 0.31, sections 4.5 and 6.1; inline code is looked for within one line.
 */
export function withoutCode(text: string): string {
  if (!text.includes('`') && !text.includes('~~~')) return text;
  let fence: string | undefined;
  return text
    .split('\n')
    .map((line) => {
      const [, mark = '', rest = ''] = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})([^]*)$/.exec(line) ?? [];
      if (fence !== undefined) {
        if (mark.startsWith(fence) && rest.trim() === '') fence = undefined;
        return blank(line);
      }
      // The info string of a fence of backticks has none: such a line is inline code.
      if (mark === '' || (mark.startsWith('`') && rest.includes('`'))) return withoutInlineCode(line);
      fence = mark;
      return blank(line);
    })
    .join('\n');
}

/** A run of backticks opens code that ends at the next run of the same length; without one it is just backticks. */
function withoutInlineCode(line: string): string {
  if (!line.includes('`')) return line;
  const runs = [...line.matchAll(/`+/g)].map(({ 0: { length }, index }) => ({ start: index, length }));
  const closings = Map.groupBy(runs.toReversed(), ({ length }) => length);
  let plain = '';
  let at = 0;
  for (const { start, length } of runs) {
    if (start < at) continue;
    const sameLength = closings.get(length) ?? [];
    // Each run is taken out once: what lies behind never closes anything.
    while (sameLength.length > 0 && (sameLength.at(-1)?.start ?? 0) <= start) sameLength.pop();
    const closing = sameLength.at(-1);
    if (!closing) continue;
    plain += line.slice(at, start) + blank(line.slice(start, closing.start + length));
    at = closing.start + length;
  }
  return plain + line.slice(at);
}

function blank(text: string): string {
  return ' '.repeat(text.length);
}
