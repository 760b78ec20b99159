/** What runs in the thread that reads and splits documents. */
import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Passage } from '../passages/passage.ts';
import type { SplitOptions } from '../passages/settings.ts';
import { splitDocument } from '../passages/split.ts';
import { answerCalls } from '../thread.ts';
import { type ReadDocument, refusal, type Source } from './document.ts';
import { readDocuments } from './read.ts';

/** A file, which the thread reads itself; its name, where there is no other, tells the format. */
export interface FileSource {
  readonly file: string;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
}

/** A document that is ready for a store. */
export interface SplitDocument extends Omit<ReadDocument, 'text' | 'blocks'> {
  readonly passages: readonly Passage[];
  /** SHA-256, hex, of its text, title, metadata and of how it was split: the same where nothing is to be done. */
  readonly hash: string;
}

/** Raised with each change of how documents are read or split, so that they are indexed anew. */
const readingVersion = 1;

const methods = {
  async read(source: Source | FileSource, options: SplitOptions, maxBytes: number): Promise<SplitDocument[]> {
    const documents = await readDocuments(await load(source, maxBytes));
    return documents.map((document) => split(document, options));
  },
};

export type ReaderMethods = typeof methods;

function split({ text, blocks, ...facts }: ReadDocument, options: SplitOptions): SplitDocument {
  const { maxTokens, overlapTokens } = options;
  const made = JSON.stringify([readingVersion, maxTokens, overlapTokens, facts.title, facts.metadata]);
  return { ...facts, passages: splitDocument({ text, blocks }, options), hash: hash('sha256', hash('sha256', text) + made) };
}

async function load(source: Source | FileSource, maxBytes: number): Promise<Source> {
  if (!('file' in source)) {
    if (source.bytes.length > maxBytes) throw tooLarge(maxBytes);
    return source;
  }
  const { file, name = basename(file), type } = source;
  return { bytes: await loadFile(file, maxBytes), name, type };
}

async function loadFile(file: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const facts = await stat(file);
    if (facts.size > maxBytes) throw tooLarge(maxBytes);
    if (!facts.isFile()) throw refusal('It is no file.');
    return await readFile(file);
  } catch (error) {
    throw asRefusal(error);
  }
}

/** Permissions, a file that is gone: the system's own words name the path alone. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  return refusal(`The file cannot be opened (${String(error.code)}).`, 'Look whether it is there, and whether Node-RED may read it.');
}

function tooLarge(maxBytes: number): Error {
  return refusal(`It is larger than ${Math.round(maxBytes / 1024 ** 2)} MB.`, 'Divide it, or raise the bound.');
}

answerCalls(methods);
