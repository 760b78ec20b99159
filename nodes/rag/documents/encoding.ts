/** Bytes as text: Unicode, a declared encoding, or a Western European one; what is no text is refused. */
import { refusal } from './document.ts';

/** How far is looked for signs of what the bytes are. */
const sampleBytes = 65_536;
/** More bytes beyond ASCII than this, as a share, are no text in a Western European language. */
const maxWesternShare = 0.3;

/**
 * UTF-8 or UTF-16 by their marks, UTF-8 where the bytes are it, else `charset`, else windows-1252, which contains Latin-1.
 * @throws LlmError `invalid_request` for bytes that are no text, or text in an encoding that nothing tells
 */
export function decodeText(bytes: Uint8Array, charset?: string): string {
  const marked = decodeMarked(bytes);
  if (marked !== undefined) return marked;
  if (bytes.subarray(0, sampleBytes).includes(0)) throw binary();
  return decode(bytes, 'utf-8') ?? decode(bytes, charset) ?? decodeWestern(bytes);
}

/** The same text, in which no unit is half of a pair or a zero: stores and models stumble over them. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

function decodeMarked(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return undefined;
}

/** Undefined where the bytes are not in it, or nobody knows it. */
function decode(bytes: Uint8Array, encoding: string | undefined): string | undefined {
  if (encoding === undefined) return undefined;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function decodeWestern(bytes: Uint8Array): string {
  const sample = bytes.subarray(0, sampleBytes);
  const beyondAscii = sample.reduce((count, byte) => count + (byte >= 0x80 ? 1 : 0), 0);
  if (sample.some(isControl)) throw binary();
  if (beyondAscii > maxWesternShare * sample.length || sample.some((byte) => undefinedInWestern.has(byte))) {
    throw refusal('It cannot be told in which encoding the text is.', 'Save it as UTF-8.');
  }
  return new TextDecoder('windows-1252').decode(bytes);
}

const undefinedInWestern: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** Tabs, line ends, form feeds and the escapes of terminals do stand in texts. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b) || byte === 0x7f;
}

function binary(): Error {
  return refusal('The file holds no text, but binary data.', 'Text, Markdown, HTML, PDF, Word (.docx) and JSON Lines can be indexed.');
}
