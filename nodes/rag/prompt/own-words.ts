/**
 * A passage stands in a prompt below its number, `[2] Manual › Valves`. What looks like such a number in a document's own words gets a
 * backslash, as Markdown writes a bracket that means nothing: then a number at the beginning of a line is ours, whatever a document says.
 * Of a text only beginnings of lines are changed: the references in a paper's sentences, and its code, stay as people wrote them.
 */

/** A bracket before one or more numbers, in any script; passages are counted in three digits at most, so that years and dates are none. */
const number = String.raw`(?<!\\)(?=[[［【〔〖]\s*\^?\p{Nd}{1,3}(?:\s*[,;、，–—-]\s*\^?\p{Nd}{1,3}){0,50}\s*[\]］】〕〗†])`;
/** What ends a line for somebody. */
const lineEnds = String.raw`\n\r\v\f\x85\u2028\u2029`;
/** Blanks, marks and what nobody sees: before a number they do not hide it. */
const overlooked = String.raw`(?:[^\p{L}\p{N}${lineEnds}]|[\u115f\u1160\u3164\uffa0])*?`;

const anywhere = new RegExp(number, 'gu');
const atLineStart = new RegExp(`(?<=^|[${lineEnds}])(${overlooked})${number}`, 'gu');

/** A passage's text: no line of it begins as one of ours does. */
export function ownText(text: string): string {
  return text.replace(atLineStart, '$1\\');
}

/** A title, a heading or a source: it stands beside our number, so that none may look like another one. */
export function ownName(name: string): string {
  return name.replace(anywhere, '\\');
}
