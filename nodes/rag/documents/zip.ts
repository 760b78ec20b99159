/**
 * Bounds what a zip file unpacks to, before the library unpacks it. Its directory says how large each part is, and may lie: what it says is
 * looked at first, and then each part is inflated, to throw it away. Source: PKWARE's APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
 */
import { type ReadingBounds, unpacksToMore } from './document.ts';
import { inflateUpTo } from './inflate.ts';

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endLength = 22;
const entryLength = 46;
const localLength = 30;
const deflated = 8;

interface Entry {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly packed: number;
  readonly unpacked: number;
  readonly at: number;
}

/** Where Word keeps pictures, fonts and other files: they are not unpacked for a text. */
const leftOut = /^word\/(media|embeddings|fonts)\//i;

/**
 * Whether each part unpacks to what the directory says.
 * @throws LlmError `invalid_request` where all that a text is made from unpacks to more than it may
 */
export function checkZip(bytes: Buffer, bounds: ReadingBounds): boolean {
  const entries = entriesOf(bytes).filter(({ name }) => !leftOut.test(name));
  if (entries.reduce((sum, { unpacked }) => sum + unpacked, 0) > bounds.maxUnpackedBytes) throw unpacksToMore(bounds);
  let left = bounds.maxUnpackedBytes;
  let isWhole = true;
  for (const entry of entries) {
    const inflated = inflatedLength(bytes, entry, left);
    if (inflated === undefined) throw unpacksToMore(bounds);
    left -= inflated;
    isWhole &&= inflated === entry.unpacked;
  }
  return isWhole;
}

/** None where it is no zip file: the library says so then. */
function entriesOf(bytes: Buffer): Entry[] {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + endLength > bytes.length || bytes.readUInt32LE(end) !== endSignature) return [];
  const entries: Entry[] = [];
  // Something may stand before the file: everything is then further behind than it says.
  const size = bytes.readUInt32LE(end + 12);
  const start = Math.max(0, end - size);
  const shift = start - bytes.readUInt32LE(end + 16);
  for (let at = start; at + entryLength <= end && bytes.readUInt32LE(at) === entrySignature; ) {
    const nameLength = bytes.readUInt16LE(at + 28);
    entries.push({
      name: bytes.toString('latin1', at + entryLength, at + entryLength + nameLength),
      isDeflated: bytes.readUInt16LE(at + 10) === deflated,
      packed: bytes.readUInt32LE(at + 20),
      unpacked: bytes.readUInt32LE(at + 24),
      at: bytes.readUInt32LE(at + 42) + shift,
    });
    at += entryLength + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

/** Undefined where it is more than `most`. */
function inflatedLength(bytes: Buffer, { isDeflated, packed, at }: Entry, most: number): number | undefined {
  if (at < 0 || at + localLength > bytes.length || bytes.readUInt32LE(at) !== localSignature) return 0;
  const from = at + localLength + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
  const content = bytes.subarray(from, from + packed);
  if (!isDeflated) return content.length > most ? undefined : content.length;
  return inflateUpTo(content, Math.max(1, most), { raw: true })?.length;
}
