/** Passages that say the same twice would take the place of others in a prompt: copies of a document, its versions, boilerplate. */
import { wordsOf } from './words.ts';

/** Words in a shingle. */
const shingle = 3;
/** From this share of common shingles on two texts are the same. */
const threshold = 0.8;
/** Hashes kept of a text: a text of fewer shingles is compared exactly, of a longer one the share is estimated to within 0.04. */
const sketchSize = 128;

/**
 * The items without those whose text nearly is that of an earlier one: at least 0.8 of their shingles of three words are the same
 * (Jaccard). Texts that differ in a number are not the same, however alike: the number may be what is asked for.
 * Source of shingles and of the sketch, the smallest hashes of a text: Broder, On the resemblance and containment of documents, 1997.
 */
export function withoutNearDuplicates<Item>(items: readonly Item[], textOf: (item: Item) => string): Item[] {
  const kept = new Map<string, Uint32Array[]>();
  return items.filter((item) => {
    const text = textOf(item);
    const words = wordsOf(text);
    const numbers = [...new Set(words.filter((word) => /\p{N}/u.test(word)))].sort().join(' ');
    const alike = kept.get(numbers) ?? [];
    const sketch = sketchOf(words.length > 0 ? words : [text.trim()]);
    if (alike.some((other) => resemblance(sketch, other) >= threshold)) return false;
    kept.set(numbers, [...alike, sketch]);
    return true;
  });
}

/** The smallest hashes of the shingles, each once, in order. */
function sketchOf(words: readonly string[]): Uint32Array {
  const hashes = words.map(hashOf);
  const shingles = new Set<number>();
  for (let at = 0; at <= Math.max(0, hashes.length - shingle); at++) {
    shingles.add(hashes.slice(at, at + shingle).reduce((mixed, hash) => mix(mixed + hash), 0));
  }
  return Uint32Array.from(shingles).sort().subarray(0, sketchSize);
}

/** FNV-1a, of 32 bits. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3: the smallest hashes must be a fair sample. */
function mix(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const mixed = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Of the smallest hashes of both texts together, the share that both have. */
function resemblance(one: Uint32Array, other: Uint32Array): number {
  let [i, j, both, all] = [0, 0, 0, 0];
  while (all < sketchSize && (i < one.length || j < other.length)) {
    const [left, right] = [one[i] ?? Infinity, other[j] ?? Infinity];
    if (left === right) both++;
    if (left <= right) i++;
    if (right <= left) j++;
    all++;
  }
  return both / all;
}
