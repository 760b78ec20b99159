/** What passages keep apart: sections of a document, and its pages. */
import { estimateTokenCount } from 'tokenx';
import type { Block } from '../documents/document.ts';

/** Blocks that may share a passage. */
export interface Section {
  /** That of the section itself is the last one. */
  readonly headings: readonly string[];
  /** 0 before the first heading. */
  readonly level: number;
  readonly page: number | undefined;
  readonly blocks: readonly Block[];
}

/** A section below this share of a passage may join its neighbor. */
const tinyShare = 1 / 8;

/**
 * The sections in order. A heading with nothing below it joins the first section below; a tiny section does where both are
 * one passage; tiny ones beside each other under one heading are joined.
 */
export function* sectionsOf(text: string, blocks: readonly Block[], maxTokens: number): Generator<Section> {
  let open: Section | undefined;
  for (const section of apart(blocks)) {
    const joined: Section | undefined = open && join(text, open, section, maxTokens);
    if (open && !joined) yield open;
    open = joined ?? section;
  }
  if (open) yield open;
}

/** One for each heading, and for each page that its blocks stand on. */
function* apart(blocks: readonly Block[]): Generator<Section> {
  const path: Array<{ level: number; text: string }> = [];
  let from = 0;
  for (const [at, block] of blocks.entries()) {
    const next = blocks[at + 1];
    if (block.type === 'heading') {
      while ((path.at(-1)?.level ?? 0) >= block.level) path.pop();
      path.push(block);
    }
    if (next && next.type !== 'heading' && next.page === block.page) continue;
    const headings = path.map((heading) => heading.text).filter((heading) => heading !== '');
    yield { headings, level: path.at(-1)?.level ?? 0, page: block.page, blocks: blocks.slice(from, at + 1) };
    from = at + 1;
  }
}

/** Undefined where the two stay apart. */
function join(text: string, first: Section, second: Section, maxTokens: number): Section | undefined {
  if (first.page !== second.page || first.level === 0 || second.level < first.level) return undefined;
  const isBelow = second.level > first.level;
  const blocks = [...first.blocks, ...second.blocks];
  if (isBelow && first.blocks.every(({ type }) => type === 'heading')) return { ...second, blocks };
  const tiny = maxTokens * tinyShare;
  const fits = isWithin(text, first.blocks, tiny) && (isBelow ? isWithin(text, blocks, maxTokens) : isWithin(text, second.blocks, tiny));
  return fits ? { ...second, headings: common(first.headings, second.headings), blocks } : undefined;
}

function isWithin(text: string, blocks: readonly Block[], tokens: number): boolean {
  const start = blocks[0]?.start ?? 0;
  const end = blocks.at(-1)?.end ?? 0;
  // No need to count what is far too long.
  return end - start <= tokens * 10 && estimateTokenCount(text.slice(start, end)) <= tokens;
}

function common(a: readonly string[], b: readonly string[]): string[] {
  const differs = a.findIndex((heading, at) => heading !== b[at]);
  return a.slice(0, differs === -1 ? a.length : differs);
}
