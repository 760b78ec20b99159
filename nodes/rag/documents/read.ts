/** From a source to the documents in it. */
import { type Content, type ReadDocument, type ReadingBounds, refusal, type Source } from './document.ts';
import { cleanText, decodeText } from './encoding.ts';
import { charsetOf, type Format, formatOf } from './format.ts';
import { readerFields } from './settings.ts';

const defaultBounds: ReadingBounds = { maxUnpackedBytes: readerFields.maxFileMb.value * 1024 ** 2 };

/**
 * One document, or as many as a file of JSON Lines has lines. Each has text.
 * @throws LlmError `invalid_request` whose message is the reason, for a person, why it cannot be indexed
 */
export async function readDocuments(source: Source, bounds: ReadingBounds = defaultBounds): Promise<ReadDocument[]> {
  if (source.bytes.length === 0) throw refusal('The file is empty.');
  const format = formatOf(source);
  const name = cleanText(/[^/\\]*$/.exec(source.name ?? '')?.[0] ?? '');
  const documents = format === 'jsonLines' ? await readMany(source, name) : [toDocument(await readOne(format, source, bounds), name)];
  if (documents.every(({ text }) => text.trim() === '')) throw refusal('There is no text in it.');
  return documents;
}

async function readMany(source: Source, name: string): Promise<ReadDocument[]> {
  const { linesOf, readJsonLines } = await import('./json-lines.ts');
  return readJsonLines(linesOf(source.bytes, () => textOf(source)), name);
}

function toDocument({ text, blocks, title, metadata }: Content, name: string): ReadDocument {
  return { title: cleanText(title?.trim() ?? '') || name, text: cleanText(text), blocks, metadata: metadata ?? {} };
}

/** Each format's library is loaded when the first document needs it. */
async function readOne(format: Exclude<Format, 'jsonLines'>, source: Source, bounds: ReadingBounds): Promise<Content> {
  switch (format) {
    case 'pdf':
      return (await import('./pdf.ts')).readPdf(bytesOf(source, 'PDF'), bounds);
    case 'word':
      return (await import('./word.ts')).readWord(bytesOf(source, 'Word document'), bounds);
    case 'html': {
      const { declaredCharset, readHtml } = await import('./html.ts');
      return readHtml(textOf(source, typeof source.bytes === 'string' ? undefined : declaredCharset(source.bytes)));
    }
    case 'markdown':
      return (await import('./markdown.ts')).readMarkdown(textOf(source));
    case 'text':
      return (await import('./plain.ts')).readPlain(textOf(source));
  }
}

function bytesOf({ bytes }: Source, what: string): Uint8Array {
  if (typeof bytes !== 'string') return bytes;
  throw refusal(`A ${what} cannot come as a string.`, 'Send it as a buffer; let nodes before read files and answers as buffers.');
}

function textOf({ bytes, type }: Source, declared?: string): string {
  return cleanText(typeof bytes === 'string' ? bytes.replace(/^\uFEFF/, '') : decodeText(bytes, charsetOf(type) ?? declared));
}
