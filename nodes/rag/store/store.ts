/** What keeps documents and finds passages: the same contract for the embedded store and for Postgres. */
import type { Passage } from '../passages/passage.ts';

/** Plain data about a document, by which a search may be narrowed. */
export type Metadata = Readonly<Record<string, unknown>>;

export interface StoredDocument {
  /** Unique in the store: what is put again under the same id replaces it. */
  readonly id: string;
  readonly title: string;
  /** Where a reader finds it: a path, an address; empty where there is no such place. */
  readonly source: string;
  readonly metadata: Metadata;
  /** SHA-256, hex, of all that its passages were made from. */
  readonly hash: string;
}

/** A document as the store lists it. */
export interface DocumentFacts extends StoredDocument {
  readonly passages: number;
  /** Whether each of its passages has a vector. */
  readonly embedded: boolean;
  /** In ms since the epoch. */
  readonly indexedAt: number;
}

/** Every entry must hold: the metadata's value is this one, or one of these. */
export type MetadataFilter = Readonly<Record<string, Scalar | readonly Scalar[]>>;
export type Scalar = string | number | boolean | null;

export interface SearchOptions {
  readonly limit: number;
  readonly filter?: MetadataFilter | undefined;
}

/** A passage with the document that it is from. */
export interface Found {
  readonly document: Omit<StoredDocument, 'hash'>;
  readonly passage: Passage;
  /** The passage's place in its document, counted from 0. */
  readonly ordinal: number;
}

export interface Hit extends Found {
  /** Higher is better. Lexical: BM25, no upper end. Vector: the cosine, from -1 to 1. */
  readonly score: number;
}

/** Which model a store's vectors are of: a store never mixes two. */
export interface EmbeddingModel {
  readonly name: string;
  readonly dimensions: number;
}

export interface StoreFacts {
  readonly documents: number;
  readonly passages: number;
  /** Absent where it holds no vectors. */
  readonly model?: EmbeddingModel;
  /** On disk. */
  readonly bytes: number;
}

/** All methods reject with an LlmError where the store cannot be reached or does not do what it is asked. */
export interface Store {
  /**
   * Puts a document and its passages, in place of what was there under its id, in one transaction. With `embedding`, one
   * vector for each passage; of another model than the store's vectors it is an `misconfigured` that says what to do.
   */
  put(document: StoredDocument, passages: readonly Passage[], embedding?: { model: string; vectors: readonly Float32Array[] }): Promise<void>;
  /** False where there is no such document. */
  remove(id: string): Promise<boolean>;
  /** Removes every document, and with them the model. */
  clear(): Promise<void>;
  get(id: string): Promise<DocumentFacts | undefined>;
  /** By id, in the order of code points; those behind `after`, whose id begins with `prefix`. */
  list(options: { limit: number; after?: string; prefix?: string }): Promise<DocumentFacts[]>;
  /** The vectors, of this model, of passages with exactly these texts, so that nothing is embedded twice. */
  knownVectors(model: string, texts: readonly string[]): Promise<Array<Float32Array | undefined>>;
  /** By the words of a question, as a person writes it: nothing in it is syntax. Best first; empty where no word is known. */
  searchWords(question: string, options: SearchOptions): Promise<Hit[]>;
  /** By a vector of the store's model; best first. Another model or length is an `misconfigured`. */
  searchVectors(embedding: { model: string; vector: Float32Array }, options: SearchOptions): Promise<Hit[]>;
  /** The passages of a document from one place to another, both included, in order. */
  passages(documentId: string, from: number, to: number): Promise<Found[]>;
  facts(): Promise<StoreFacts>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}
