/** What a document's passages must be, by its hash. */
import type { Passage } from '../../nodes/rag/passages/passage.ts';

export function expectedPassages(hash: string): Passage[] {
  const count = 1 + (hash.length * 7 + Number(hash.split('-')[1])) % 12;
  return Array.from({ length: count }, (_, at) => {
    const text = `passage${at} of ${hash.replace('-', 'x')} ${'and more words '.repeat(at * 5)}`;
    return { text, headings: [`heading ${at}`], start: at, end: at + text.length };
  });
}
