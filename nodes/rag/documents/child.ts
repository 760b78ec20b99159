/** What runs in the process that reads and splits documents. */
import { hash } from 'node:crypto';
import { isLlmError, type LlmError } from '../../core/errors.ts';
import type { Passage } from '../passages/passage.ts';
import type { SplitOptions } from '../passages/settings.ts';
import { splitDocument } from '../passages/split.ts';
import { answerProcessCalls, takeBytes } from '../process.ts';
import { isAllocationFailure, noMemory, type ReadDocument, refusal, type Source } from './document.ts';
import { readDocuments } from './read.ts';

/** A source whose bytes come beside it. */
export interface SentSource extends Omit<Source, 'bytes'> {
  readonly length: number;
  /** Whether they are a string, in UTF-8. */
  readonly isText: boolean;
}

/** A document that is ready for a store. */
export interface SplitDocument extends Omit<ReadDocument, 'text' | 'blocks'> {
  readonly passages: readonly Passage[];
  /** SHA-256, hex, of its text, title, metadata and of how it was split: the same where nothing is to be done. */
  readonly hash: string;
}

/** Raised with each change of how documents are split, so that they are indexed anew. */
const splittingVersion = 1;

const methods = {
  async read({ length, isText, ...about }: SentSource, options: SplitOptions, maxUnpackedBytes: number): Promise<SplitDocument[]> {
    const bytes = await takeBytes(length);
    try {
      const documents = await readDocuments({ ...about, bytes: isText ? bytes.toString('utf8') : bytes }, { maxUnpackedBytes });
      return documents.map((document) => split(document, options));
    } catch (error) {
      throw toFailure(error);
    }
  },
};

export type ReaderMethods = typeof methods;

/** What a library throws may hold what the document says: only its name is told. */
function toFailure(error: unknown): LlmError {
  if (isLlmError(error)) return error;
  if (isAllocationFailure(error)) return noMemory();
  return refusal(`The reader failed on it (${error instanceof Error ? error.name : typeof error}).`, 'Please report it, with the document if you may.');
}

function split({ text, blocks, ...facts }: ReadDocument, options: SplitOptions): SplitDocument {
  const { maxTokens, overlapTokens } = options;
  const made = JSON.stringify([splittingVersion, maxTokens, overlapTokens, facts.title, facts.metadata]);
  return { ...facts, passages: splitDocument({ text, blocks }, options), hash: hash('sha256', hash('sha256', text) + made) };
}

answerProcessCalls(methods);
