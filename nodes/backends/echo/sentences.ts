/** The sentences of a passage as somebody would say them: without headings and code, and with the rows of tables made readable. */

/** One of prose, or what a row of a table says. */
export interface Sentence {
  readonly text: string;
  readonly isRow: boolean;
}

/** The segmenter's time grows with the square of a text's length. */
const longestUnit = 2_000;
const longestList = 400;
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

const fence = /^\s*(?:`{3,}|~{3,})/;
const skipped = /^\s*(?:#{1,6}\s|([-*_])(?:\s*\1){2,}\s*$)/;
const item = /^\s*(?:[-*+•]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?/;
const row = /^\s*\|/;
const explaining = /\p{L}{3}/u;
const delimiter = /^\s*\|?[\s:|-]*-[\s:|-]*$/;

export function sentencesOf(text: string): Sentence[] {
  return unitsOf(text).flatMap(({ text, isRow }) => (isRow ? [text] : splitUnit(text)).filter(isSaying).map((text) => ({ text, isRow })));
}

/** Paragraphs, items and rows, each in one line. */
function unitsOf(text: string): Sentence[] {
  const units: Sentence[] = [];
  let paragraph: string[] = [];
  let items: string[] = [];
  let table: string[] = [];
  let isCode = false;
  const end = () => {
    const intro = paragraph.join(' ').trim();
    const list = items.join('; ');
    if (intro.endsWith(':') && list !== '' && list.length <= longestList) units.push({ text: `${intro} ${list}`, isRow: false });
    // Without what it speaks of, such a sentence says nothing.
    else units.push(...[...(intro.endsWith(':') ? [] : [intro]), ...items].map((text) => ({ text, isRow: false })));
    units.push(...rowsOf(table).map((text) => ({ text, isRow: true })));
    [paragraph, items, table] = [[], [], []];
  };
  for (const line of text.split(/\r\n?|\n/)) {
    if (fence.test(line)) {
      if (!isCode) end();
      isCode = !isCode;
    } else if (isCode) {
      continue;
    } else if (line.trim() === '') {
      if (!paragraph.at(-1)?.trimEnd().endsWith(':')) end();
    } else if (skipped.test(line)) {
      end();
    } else if (row.test(line)) {
      if (table.length === 0) end();
      table.push(line);
    } else if (item.test(line)) {
      if (table.length > 0) end();
      items.push(plain(line.replace(item, '')));
    } else {
      if (table.length > 0 || (items.length > 0 && !/^\s/.test(line))) end();
      const words = plain(line.replace(/^[\s>]+/, ''));
      if (items.length > 0) items.push(`${items.pop()} ${words}`);
      else paragraph.push(words);
    }
  }
  end();
  return units;
}

/** `| attempts | 3 | how many members are tried |` under `property`, `default` and nothing as "attempts (default: 3): how many members are tried". */
function rowsOf(table: readonly string[]): string[] {
  const at = table.findIndex((line) => delimiter.test(line));
  const names = at > 0 ? cellsOf(table[at - 1] ?? '') : [];
  return table.slice(at + 1).flatMap((line) => {
    const [first = '', ...others] = cellsOf(line);
    // In a wide table the first column behind the name tells what it is, in a narrow one the last.
    const described = others.length > 2 && !/^default/i.test(names[1] ?? '') ? others.findIndex((cell) => explaining.test(cell)) : others.findLastIndex((cell) => explaining.test(cell));
    const description = others[described] ?? '';
    // Of figures, and of a row that was cut, nobody can make a sentence.
    if (first === '' || description === '') return [];
    const facts = others.flatMap((cell, index) => (index !== described && names[index + 1] && /[\p{L}\p{N}]/u.test(cell) ? [`${names[index + 1]}: ${cell}`] : []));
    return [`${first}${facts.length > 0 ? ` (${facts.join('; ')})` : ''}: ${description}`];
  });
}

function cellsOf(line: string): string[] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => plain(cell.replaceAll('\\|', '|')).trim());
}

/** Without links, emphasis, images and numbers of other sources. */
function plain(text: string): string {
  return text
    .replace(/!\[[^[\]]{0,200}\]\([^()\s]{0,500}\)/g, '')
    .replace(/\[([^[\]]{1,200})\]\([^()\s]{0,500}\)/g, '$1')
    .replace(/\[\^?\d[\d,\s–-]{0,20}\]/g, '')
    .replace(/\*\*|__/g, '')
    .replace(/ +(?=[.,;:!?])/g, '');
}

function splitUnit(unit: string): string[] {
  const text = unit.slice(0, longestUnit).replace(/\s+/g, ' ').trim();
  return Array.from(segmenter.segment(text), ({ segment }) => segment.trim());
}

/** Not what leads to something else, nor half of anything. */
function isSaying(sentence: string): boolean {
  return /\p{L}{2}/u.test(sentence) && !/^\||:$|^(?:see also|read|examples?:) /i.test(sentence) && (sentence.split('`').length - 1) % 2 === 0;
}
