/** What an index is made from, and what is said of it. */
import type { FailureKind } from '../../core/errors.ts';
import type { Passage } from '../passages/passage.ts';
import type { Metadata } from '../store/store.ts';

export type Content = Uint8Array | string;

/** A file or a text, which holds one document or, as JSON Lines do, many. */
export interface IndexSource {
  /** Of its document; those of many have `id#…`. What is put in again under the same id replaces it. */
  readonly id: string;
  /** Or what brings it, called when its turn comes. */
  readonly content: Content | (() => Promise<Content>);
  /** A file's name and media type, by which a reader knows what it is. */
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  /** In place of the title that the reader finds. */
  readonly title?: string | undefined;
  /** Where people find it; else its id. */
  readonly source?: string | undefined;
  /** Goes over what the reader finds. */
  readonly metadata?: Metadata | undefined;
}

/** A document as a reader gives it. */
export interface ReadDocument {
  /** Only where a source holds many. */
  readonly id?: string | undefined;
  readonly title: string;
  readonly metadata: Metadata;
  readonly passages: readonly Passage[];
}

/**
 * Reads a source and cuts it into passages; `again`: also one that has ended a reader before. What it throws is the document's failure,
 * but for `cancelled`, which ends the run.
 */
export type Read<Split> = (source: { bytes: Content; name?: string; type?: string }, split: Split, options: { again: boolean }) => Promise<readonly ReadDocument[]>;

export interface IndexProgress {
  /** Sources that are through, well or badly, of all of them. */
  readonly done: number;
  readonly total: number;
  /** The id of the one that has just come through. */
  readonly file: string;
}

export interface IndexFailure {
  /** The source's id. */
  readonly file: string;
  readonly reason: string;
  readonly kind: FailureKind;
}

/** What a run has done, in documents. */
export interface IndexResult {
  added: number;
  updated: number;
  unchanged: number;
  removed: number;
  /** Passages that were put into the store. */
  passages: number;
  /** Texts that were sent to the embedding model; those that it had seen before are not. */
  embedded: number;
  failed: IndexFailure[];
}

export function emptyResult(): IndexResult {
  return { added: 0, updated: 0, unchanged: 0, removed: 0, passages: 0, embedded: 0, failed: [] };
}
