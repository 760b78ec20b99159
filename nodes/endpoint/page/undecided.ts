/**
 * The end of a text that is still coming, as far as it is clear what it will be. A row of a table, a fence or a `**` that has just begun
 * would be shown as the characters that it is, and a moment later as something else.
 */
import { markdown } from './markdown.ts';
import { withMarksClosed } from './open-marks.ts';

/** What may stand before the content of a line: quotes, and the marks of lists. */
const before = String.raw`[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*`;
const marksOnly = new RegExp(String.raw`^${before}(?:[-=*_+~#>|:]+|\x60+|\d{1,9}[.)]?|\[[ xX]?\]?)?[ \t]*$`);
const closingFence = /^[ \t>]*(?:`+|~+)[ \t]*$/;
const openingFence = new RegExp(String.raw`^${before}(?:\x60{3,}[^\x60]*|~{3,}.*)$`);
const headerRow = new RegExp(String.raw`^${before}\|`);
const delimiterRow = /^[ \t>|:-]*$/;
/** Where the last stretch of text begins whose marks belong together. */
const stretchStart = new RegExp(String.raw`\n[ \t>]*(?:\n|(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t])`, 'g');

export function withoutUndecided(text: string, references: object): string {
  const end = endOf(text, references);
  if (end === 'code') return withoutLastLine(text, closingFence);
  const lines = text.split('\n');
  const last = lines.at(-1) ?? '';
  if (marksOnly.test(last) || openingFence.test(last)) lines[lines.length - 1] = '';
  if (end !== 'table') dropHeaderRow(lines, last, references);
  const decided = lines.join('\n');
  const from = end === 'table' ? decided.lastIndexOf('|') + 1 : (Array.from(decided.matchAll(stretchStart)).at(-1)?.index ?? 0);
  return decided.slice(0, from) + withMarksClosed(decided.slice(from));
}

/** What the end of the text stands in. */
function endOf(text: string, references: object): 'code' | 'table' | 'text' {
  const lines = text.replace(/\n$/, '').split('\n').length;
  const tokens = markdown.parse(text, { references: { ...references } });
  const reachesEnd = ({ map }: { map: [number, number] | null }) => map !== null && map[1] >= lines;
  const last = tokens.filter(({ type, nesting }) => nesting === 1 || type === 'fence' || type === 'code_block').at(-1);
  if (last?.nesting === 0 && reachesEnd(last)) return 'code';
  // A last line of dashes makes a head of the line before it, which may yet be none.
  return tokens.some((token) => token.type === 'table_open' && reachesEnd(token) && (text.endsWith('\n') || (token.map?.[0] ?? 0) < lines - 2)) ? 'table' : 'text';
}

function withoutLastLine(text: string, pattern: RegExp): string {
  const at = text.lastIndexOf('\n') + 1;
  return pattern.test(text.slice(at)) ? text.slice(0, at) : text;
}

/** Takes out what may be the head of a table: whether it is one, the line below it tells. */
function dropHeaderRow(lines: string[], last: string, references: object): void {
  const at = lines.length - 1;
  if (headerRow.test(last)) lines[at] = '';
  const isOfTable = () => endOf(`${lines.slice(0, at).join('\n')}\n`, references) === 'table';
  if (headerRow.test(lines[at - 1] ?? '') && delimiterRow.test(last) && !isOfTable()) lines[at - 1] = '';
}
