/** JSON Lines: each line a document `{ id?, title?, text, …metadata }`, its text in Markdown or plain. */
import { isUtf8 } from 'node:buffer';
import { isRecord } from '../../core/json.ts';
import { type ReadDocument, refusal } from './document.ts';
import { cleanText } from './encoding.ts';
import { readMarkdown } from './markdown.ts';

/** A line holds a document: one longer than this is none, and would be held several times over. */
const maxLineBytes = 16 * 1024 ** 2;

/**
 * The lines of a file, each as a text when its turn comes. Of UTF-8, which JSON is in, there is never the whole as one text; `whole` brings
 * that of a file in another encoding.
 */
export function* linesOf(bytes: Uint8Array | string, whole: () => string): Generator<string> {
  if (typeof bytes === 'string' || !isUtf8(bytes) || isMarked(bytes)) yield* linesOfText(whole());
  else yield* linesOfBytes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function* linesOfBytes(bytes: Buffer): Generator<string> {
  for (let from = 0, number = 1; from < bytes.length; number++) {
    const end = bytes.indexOf(lineEnd, from);
    const to = end === -1 ? bytes.length : end;
    check(to - from, number);
    yield cleanText(bytes.toString('utf8', from, to));
    from = to + 1;
  }
}

function* linesOfText(text: string): Generator<string> {
  for (let from = 0, number = 1; from < text.length; number++) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    check(to - from, number);
    yield text.slice(from, to);
    from = to + 1;
  }
}

const lineEnd = 0x0a;

/** Of another encoding than UTF-8, or UTF-8 with what is no character of a text. */
function isMarked(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef || bytes.includes(0);
}

function check(length: number, number: number): void {
  if (length > maxLineBytes) throw refusal(`Line ${number} is longer than ${maxLineBytes / 1024 ** 2} MB.`, 'Each line must be a document of its own.');
}

/** @throws LlmError `invalid_request` that names the first line which is no document */
export function readJsonLines(lines: Iterable<string>, name: string): ReadDocument[] {
  const documents: ReadDocument[] = [];
  let number = 0;
  for (const line of lines) {
    number++;
    if (line.trim() !== '') documents.push(readLine(line, `${name}:${number}`, number));
  }
  return documents;
}

function readLine(line: string, name: string, number: number): ReadDocument {
  const { id, title, text, ...metadata } = parse(line, number);
  if (typeof text !== 'string') throw refusal(`Line ${number} has no text.`, 'Each line must be a JSON object with a text.');
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') throw refusal(`The id in line ${number} is neither a text nor a number.`);
  const content = readMarkdown(cleanText(text));
  return {
    ...(id !== undefined && { id: cleanText(String(id)) }),
    title: (typeof title === 'string' && cleanText(title)) || content.title || name,
    text: content.text,
    blocks: content.blocks,
    metadata,
  };
}

function parse(line: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Told below: an error of the parser quotes the line.
  }
  if (!isRecord(value)) throw refusal(`Line ${number} is no JSON object.`, 'Each line must be a JSON object with a text.');
  return value;
}
