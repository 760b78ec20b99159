/** JSON Lines: each line a document `{ id?, title?, text, …metadata }`, its text in Markdown or plain. */
import { isRecord } from '../../core/request.ts';
import { type ReadDocument, refusal } from './document.ts';
import { cleanText } from './encoding.ts';
import { readMarkdown } from './markdown.ts';

/** @throws LlmError `invalid_request` that names the first line which is no document */
export function readJsonLines(text: string, name: string): ReadDocument[] {
  const documents: ReadDocument[] = [];
  let from = 0;
  for (let number = 1; from < text.length; number++) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end === -1 ? text.length : end);
    from += line.length + 1;
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
