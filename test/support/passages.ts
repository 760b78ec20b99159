/** Documents cut into passages, found passages, and vectors made from words. */
import fc from 'fast-check';
import type { Passage } from '../../nodes/rag/passages/passage.ts';
import { wordsOf } from '../../nodes/rag/retrieval/words.ts';
import type { Found, StoredDocument } from '../../nodes/rag/store/store.ts';

export function documentOf(id: string, given: Partial<StoredDocument> = {}): StoredDocument {
  return { id, title: `Title of ${id}`, source: id, metadata: {}, hash: '0', ...given };
}

/** Passages that follow each other, an empty line between them. */
export function passagesOf(texts: readonly string[], headings: readonly string[] = []): Passage[] {
  let at = 0;
  return texts.map((text) => {
    const start = at;
    at += text.length + 2;
    return { text, headings, start, end: start + text.length };
  });
}

export function foundIn(document: StoredDocument, passages: readonly Passage[]): Found[] {
  return passages.map((passage, ordinal) => ({ document, passage, ordinal }));
}

/** A text cut so that each passage begins within the one before it or right behind it, and none is within another. */
export function cutTexts(unit: fc.Arbitrary<string> = fc.constantFrom('a', 'b', ' ', '\n', 'é', '😀')): fc.Arbitrary<{ text: string; passages: Passage[] }> {
  const steps = fc.array(fc.record({ step: fc.integer({ min: 1, max: 9 }), overlap: fc.nat(8) }), { minLength: 1, maxLength: 12 });
  return fc.tuple(fc.string({ unit, minLength: 1, maxLength: 80 }), steps).map(([text, cuts]) => {
    const passages: Passage[] = [];
    let [last, end] = [-1, 0];
    for (const { step, overlap } of cuts) {
      if (end >= text.length) break;
      const start = Math.max(last + 1, end - overlap);
      last = start;
      end = Math.min(text.length, end + step);
      passages.push({ text: text.slice(start, end), headings: [], start, end });
    }
    return { text, passages };
  });
}

/** A vector of unit length: one direction for each of the words. */
export function vectorOf(text: string, vocabulary: readonly string[]): Float32Array {
  const words = wordsOf(text);
  const counts = vocabulary.map((word) => words.filter((one) => one === word).length);
  const length = Math.hypot(...counts) || 1;
  return Float32Array.from(counts, (count) => count / length);
}
