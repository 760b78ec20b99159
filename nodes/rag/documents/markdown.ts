/** Markdown: its headings, paragraphs, list items, code and table rows, where they stand in the text. */
import MarkdownIt, { type Token } from 'markdown-it';
import { type Block, type Content, withoutGaps } from './document.ts';

/** Tokens need some hundred bytes for each line: longer texts are read part by part. */
const partLength = 1_000_000;
/** Of a heading's text; it stands in a prompt with each passage below. */
const maxHeading = 200;

// Blocks carry lines, and take linear time on any input; what is within a paragraph is of no interest.
const markdown = new MarkdownIt({ html: true });
markdown.core.ruler.enableOnly(['normalize', 'block']);
const headings = new MarkdownIt();

/** The text stays as it is. Titles: that of the front matter, else the first heading of level 1. */
export function readMarkdown(text: string): Content {
  const front = frontMatterOf(text);
  const blocks: Block[] = front ? [{ type: 'paragraph', start: 0, end: front.length }] : [];
  for (let from = front.length; from < text.length; ) from = readPart(text, from, blocks);
  const heading = blocks.find((block) => block.type === 'heading' && block.level === 1);
  return { text, blocks: withoutGaps(blocks, text.length), title: titleIn(front) ?? (heading?.type === 'heading' ? heading.text : undefined) };
}

/** Adds the blocks from there on, and gives where the next part begins: with the last block of this one, which may go on. */
function readPart(text: string, from: number, blocks: Block[]): number {
  const end = partEnd(text, from);
  const part = text.slice(from, end);
  const tokens = markdown.parse(part, {});
  const lines = lineStarts(part);
  const last = tokens.findLast(({ level, map }) => level === 0 && map)?.map?.[0] ?? 0;
  const isCut = end < text.length && last > 0;
  for (const block of blocksOf(tokens, lines)) {
    if (!isCut || block.start < (lines[last] ?? Infinity)) blocks.push({ ...block, start: from + block.start, end: from + block.end });
  }
  return isCut ? from + (lines[last] ?? part.length) : end;
}

function partEnd(text: string, from: number): number {
  if (text.length - from <= partLength) return text.length;
  const lineEnd = text.indexOf('\n', from + partLength);
  return lineEnd === -1 ? text.length : lineEnd + 1;
}

/** Lines as markdown-it counts them, with the end of the last one. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (const { index, 0: lineEnd } of text.matchAll(/\r\n?|\n/g)) starts.push(index + lineEnd.length);
  starts.push(text.length);
  return starts;
}

function* blocksOf(tokens: readonly Token[], lines: readonly number[]): Generator<Block> {
  let items = 0;
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'list_item_open') items++;
    else if (token.type === 'list_item_close') items--;
    if (!token.map) continue;
    const place = { start: lines[token.map[0]] ?? 0, end: lines[token.map[1]] ?? 0 };
    if (token.type === 'heading_open' && token.level === 0) yield { type: 'heading', level: Number(token.tag[1]), text: headingText(tokens[at + 1]?.content ?? ''), ...place };
    else if (token.type === 'heading_open' || token.type === 'paragraph_open') yield { type: items > 0 ? 'item' : 'paragraph', ...place };
    else if (token.type === 'fence' || token.type === 'code_block') yield { type: 'code', ...place };
    else if (token.type === 'tr_open') yield { type: 'row', ...place };
    else if (token.type === 'html_block') yield { type: 'paragraph', ...place };
  }
}

/** Without the marks of links, code and emphasis. */
function headingText(source: string): string {
  const inline = headings.parseInline(source.slice(0, maxHeading), {})[0]?.children ?? [];
  return inline.map(({ type, content }) => (type === 'softbreak' || type === 'hardbreak' ? ' ' : content)).join('').trim();
}

/** The lines between two rows of dashes at the beginning, which tools keep their own facts in; empty where there are none. */
function frontMatterOf(text: string): string {
  return /^---[^\S\n]*\n(?:(?!---)[^\n]*\n){1,200}---[^\S\n]*(?:\n|$)/.exec(text)?.[0] ?? '';
}

function titleIn(front: string): string | undefined {
  const title = /^title:[^\S\n]*(.*)$/m.exec(front)?.[1]?.trim().replace(/^(["'])(.*)\1$/, '$2');
  return title === '' ? undefined : title;
}
