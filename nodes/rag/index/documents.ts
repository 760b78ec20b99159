/** What a message brings to be indexed. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { LlmError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import type { IndexSource } from '../indexing/source.ts';
import type { Folder } from './folder.ts';

/** The message as people send it. */
export interface IndexMessage {
  readonly payload?: unknown;
  /** As the nodes of Node-RED that read files set it. */
  readonly filename?: unknown;
  readonly topic?: unknown;
}

/**
 * A text, the bytes of a file, a document `{id, title, text, source, metadata}`, or an array of these. Without a payload, the file
 * `msg.filename` in the node's folder.
 * @throws LlmError `invalid_request` that says what is missing, `misconfigured` where the node has no folder
 */
export function sourcesIn(msg: IndexMessage, folder: Folder | undefined): IndexSource[] {
  const { payload, filename, topic } = msg;
  const name = textOf(filename);
  if (payload === undefined || payload === null || payload === '') {
    if (name === undefined) throw invalid('There is nothing to index.', 'Send a text, a file or documents in msg.payload, or a msg.filename in the folder of the node.');
    if (!folder) throw new LlmError('misconfigured', 'The node has no folder to read files from.', { hint: 'Open the node and set its folder.' });
    return [folder.source(name)];
  }
  if (Array.isArray(payload)) return payload.map((item: unknown, at) => sourceOf(item, { what: `msg.payload[${at}]` }));
  return [sourceOf(payload, { what: 'msg.payload', name, id: name ?? textOf(topic) })];
}

/** The ids in a message that asks to delete. @throws LlmError `invalid_request` */
export function idsIn({ payload, filename }: IndexMessage): string[] {
  const given: unknown[] = Array.isArray(payload) ? payload : [payload ?? filename];
  const ids = given.map((item) => textOf(isRecord(item) ? item['id'] : item));
  if (ids.length === 0 || ids.includes(undefined)) throw invalid('There are no ids of documents to delete.', 'Send an id, or an array of them, in msg.payload.');
  return ids as string[];
}

function sourceOf(item: unknown, { what, name, id }: { what: string; name?: string | undefined; id?: string | undefined }): IndexSource {
  if (typeof item === 'string' || item instanceof Uint8Array) return { id: id ?? idOf(item), content: item, ...(name !== undefined && { name: basename(name) }) };
  const { text, title, source, metadata, type, id: own, name: ownName } = isRecord(item) ? item : {};
  if (typeof text !== 'string' && !(text instanceof Uint8Array)) throw invalid(`${what} is no document.`, 'A document is a text, or an object with a text, and perhaps an id, a title, a source and metadata.');
  if (metadata !== undefined && !isRecord(metadata)) throw invalid(`The metadata of ${what} is no object.`);
  return {
    id: textOf(own) ?? id ?? idOf(text),
    content: text,
    name: textOf(ownName) ?? name,
    type: textOf(type),
    title: textOf(title),
    source: textOf(source),
    metadata,
  };
}

/** Of a text that nobody has named: the same text is the same document. */
function idOf(content: string | Uint8Array): string {
  return `text-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function invalid(message: string, hint?: string): LlmError {
  return new LlmError('invalid_request', message, { hint });
}
