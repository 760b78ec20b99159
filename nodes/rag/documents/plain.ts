/** Plain text: its paragraphs stand between blank lines. */
import { type Block, type Content, withoutGaps } from './document.ts';

export function readPlain(text: string): Content {
  return { text, blocks: paragraphsOf(text) };
}

export function paragraphsOf(text: string): Block[] {
  const starts = [0];
  for (const blank of text.matchAll(/\n[^\S\n]*\n\s*/g)) starts.push(blank.index + blank[0].length);
  const found = starts.filter((start) => start < text.length);
  return withoutGaps(found.map((start) => ({ type: 'paragraph', start, end: start })), text.length);
}
