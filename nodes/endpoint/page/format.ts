/** The few marks of Markdown that models use, as a tree of plain data. HTML is text like any other. */
import { formatInline, type Inline } from './inline.ts';

export type BlockContent =
  | { kind: 'paragraph'; parts: Inline[] }
  | { kind: 'heading'; level: number; parts: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'rule' };

/** A block with the lines that it was made of: where they are the same, the block is. */
export type Block = BlockContent & { source: string };

const fence = /^( *)(`{3,}|~{3,})([^`]*)$/;
const heading = /^ {0,3}(#{1,6}) +(.+)$/s;
const rule = /^ {0,3}([-*_])(?: *\1){2,} *$/;
const item = /^( *)([-*+•]|(\d{1,9})[.)])(?: +(.*))?$/s;
/** Lists in lists in lists are text below this. */
const deepest = 6;

interface Marker {
  indent: number;
  /** Where the item's text begins. */
  offset: number;
  ordered: boolean;
  start: number;
  text: string;
}

export function formatText(text: string): Block[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  return formatLines(lines.map(withoutTabs), 0);
}

function formatLines(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    if (isBlank(lines[at])) {
      at++;
      continue;
    }
    const [content, end] = readBlock(lines, at, depth);
    blocks.push({ ...content, source: lines.slice(at, end).join('\n') });
    at = end;
  }
  return blocks;
}

/** The block that begins in this line, and the line after it. */
function readBlock(lines: readonly string[], at: number, depth: number): [BlockContent, number] {
  const line = lines[at] ?? '';
  const opening = fence.exec(line);
  if (opening) return readCode(lines, at, opening);
  const title = heading.exec(line);
  if (title) return [{ kind: 'heading', level: title[1]?.length ?? 1, parts: formatInline(withoutHashes(title[2] ?? '')) }, at + 1];
  if (rule.test(line)) return [{ kind: 'rule' }, at + 1];
  const marker = depth < deepest ? readMarker(line) : undefined;
  return marker ? readList(lines, at, marker, depth) : readParagraph(lines, at, depth);
}

function readCode(lines: readonly string[], at: number, [, indent = '', marks = '', info = '']: RegExpExecArray): [BlockContent, number] {
  const code: string[] = [];
  let end = at + 1;
  for (; end < lines.length; end++) {
    const line = lines[end] ?? '';
    const closing = line.trim();
    if (closing.startsWith(marks) && closing === (marks[0] ?? '').repeat(closing.length)) {
      end++;
      break;
    }
    code.push(withoutIndent(line, indent.length));
  }
  return [{ kind: 'code', language: info.trim(), text: code.join('\n') }, end];
}

function readList(lines: readonly string[], from: number, first: Marker, depth: number): [BlockContent, number] {
  const items: Block[][] = [];
  let at = from;
  let marker: Marker | undefined = first;
  while (marker) {
    const { indent, offset, text } = marker;
    const body = [text];
    let end = at + 1;
    // What is indented below an item belongs to it; blank lines do if more of it follows.
    for (let next = end; next < lines.length; next++) {
      const line = lines[next] ?? '';
      if (isBlank(line)) continue;
      if (indentOf(line) < indent + 2) break;
      for (; end <= next; end++) body.push(withoutIndent(lines[end] ?? '', offset));
    }
    items.push(formatLines(body, depth + 1));
    at = end;
    while (at < lines.length && isBlank(lines[at])) at++;
    marker = sibling(readMarker(lines[at] ?? ''), first);
    if (!marker) return [{ kind: 'list', ordered: first.ordered, start: first.start, items }, end];
  }
  return [{ kind: 'list', ordered: first.ordered, start: first.start, items }, at];
}

function readParagraph(lines: readonly string[], at: number, depth: number): [BlockContent, number] {
  let end = at + 1;
  while (end < lines.length && !isBlank(lines[end]) && !interrupts(lines[end] ?? '', depth)) end++;
  const text = lines.slice(at, end).map((line) => line.trim());
  return [{ kind: 'paragraph', parts: formatInline(text.join('\n')) }, end];
}

/** Whether a line begins something else without a blank line before it. A year at its start makes no list. */
function interrupts(line: string, depth: number): boolean {
  if (fence.test(line) || heading.test(line) || rule.test(line)) return true;
  const marker = depth < deepest ? readMarker(line) : undefined;
  return marker !== undefined && marker.text !== '' && (!marker.ordered || marker.start === 1);
}

function readMarker(line: string): Marker | undefined {
  const found = item.exec(line);
  if (!found || rule.test(line)) return undefined;
  const [whole, indent = '', , digits, text = ''] = found;
  return { indent: indent.length, offset: text === '' ? indent.length + 2 : whole.length - text.length, ordered: digits !== undefined, start: Number(digits ?? 1), text };
}

function sibling(marker: Marker | undefined, first: Marker): Marker | undefined {
  return marker?.ordered === first.ordered && marker.indent < first.indent + 2 ? marker : undefined;
}

function isBlank(line: string | undefined): boolean {
  return line === undefined || line.trim() === '';
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function withoutIndent(line: string, most: number): string {
  return line.slice(Math.min(most, indentOf(line)));
}

function withoutHashes(title: string): string {
  const words = title.trimEnd().split(' ');
  if (words.length > 1 && /^#+$/.test(words.at(-1) ?? '')) words.pop();
  return words.join(' ').trim();
}

function withoutTabs(line: string): string {
  return line.replace(/^[\t ]+/, (blanks) => blanks.replaceAll('\t', '    '));
}
