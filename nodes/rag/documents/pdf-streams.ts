/**
 * Bounds what each stream of a PDF unpacks to, before the library unpacks it: 50 KB that are packed twice may come to gigabytes. Streams
 * that cannot be seen here (encrypted ones, odd dictionaries) are left to the bound of the process. Source: ISO 32000-1, 7.3.8 and 7.4.
 */
import { type ReadingBounds, unpacksToMore } from './document.ts';
import { inflateUpTo } from './inflate.ts';

const begin = Buffer.from('stream');
const end = Buffer.from('endstream');
/** A dictionary before a stream is looked through so far back. */
const longestDictionary = 2_000;

/** @throws LlmError `invalid_request` */
export function checkPdfStreams(bytes: Uint8Array, bounds: ReadingBounds): void {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let to = 0;
  for (let at = file.indexOf(begin); at >= 0; at = file.indexOf(begin, at + begin.length)) {
    const filters = filtersBefore(file, at);
    if (filters.length === 0) continue;
    const from = contentStart(file, at + begin.length);
    // Looked for once, however many streams have no end of their own.
    if (to < from) to = endFrom(file, from);
    if (!fits(file.subarray(from, to), filters, bounds.maxUnpackedBytes)) throw unpacksToMore(bounds);
  }
}

/** Pictures are never unpacked for their text. */
function filtersBefore(file: Buffer, at: number): string[] {
  const before = file.toString('latin1', Math.max(0, at - longestDictionary), at);
  const dictionary = before.slice(before.lastIndexOf('obj') + 1);
  if (!dictionary.trimEnd().endsWith('>>') || /\/Subtype\s*\/Image\b/.test(dictionary)) return [];
  const [, one, list] = /\/Filter\s*(?:\/(\w+)|\[([^\]]*)\])/.exec(dictionary) ?? [];
  return one ? [one] : Array.from((list ?? '').matchAll(/\/(\w+)/g), ([, name = '']) => name);
}

function contentStart(file: Buffer, from: number): number {
  const isReturn = file[from] === 0x0d;
  return from + (isReturn ? 1 : 0) + (file[from + (isReturn ? 1 : 0)] === 0x0a ? 1 : 0);
}

function endFrom(file: Buffer, from: number): number {
  const to = file.indexOf(end, from);
  return to < 0 ? file.length : to;
}

/** Filter by filter, as far as they are of this kind: others make a text a little longer, or shorter. */
function fits(content: Buffer, filters: readonly string[], maxBytes: number): boolean {
  let bytes = content;
  for (const filter of filters) {
    if (filter !== 'FlateDecode' && filter !== 'Fl') return true;
    const inflated = inflateUpTo(bytes, maxBytes, { raw: false });
    if (!inflated) return false;
    bytes = inflated;
  }
  return true;
}
