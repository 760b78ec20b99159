/** What callers hand to a store, as every store can keep it. */
import { checkBounds } from '../../core/bounded-json.ts';
import { LlmError } from '../../core/errors.ts';
import type { Passage } from '../passages/passage.ts';
import type { EmbeddingModel, Metadata, StoredDocument } from './store.ts';

/** A document with its metadata as JSON. */
export interface PlainDocument extends Omit<StoredDocument, 'metadata'> {
  readonly metadata: string;
}

/** The vectors of one document's passages, each of length 1. */
export interface PlainEmbedding extends EmbeddingModel {
  readonly vectors: readonly Float32Array[];
}

/** Without what Postgres cannot keep: NUL and halves of surrogate pairs become U+FFFD, so that places in the text stay right. */
export function plainText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

export function plainPassage(passage: Passage): Passage {
  return { ...passage, text: plainText(passage.text), headings: passage.headings.map(plainText) };
}

/** @throws LlmError `invalid_request` where the metadata is no plain data, or too much */
export function plainDocument({ id, title, source, metadata, hash }: StoredDocument): PlainDocument {
  return { id: plainText(id), title: plainText(title), source: plainText(source), metadata: toJson(metadata), hash: plainText(hash) };
}

function toJson(metadata: Metadata): string {
  checkBounds(metadata, { what: 'The metadata of a document' });
  try {
    return JSON.stringify(plainValue(JSON.parse(JSON.stringify(metadata))));
  } catch {
    throw new LlmError('invalid_request', 'The metadata of a document is no plain data.', { hint: 'Use an object of strings, numbers, booleans, null, arrays and objects.' });
  }
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [plainText(key), plainValue(inner)]));
}

/**
 * Undefined where there is no passage, and so no vector that could tell a length.
 * @throws LlmError `invalid_request` for vectors that are not one for each passage, all of one length
 */
export function plainEmbedding({ model, vectors }: { model: string; vectors: readonly Float32Array[] }, passages: number): PlainEmbedding | undefined {
  if (vectors.length !== passages) throw new LlmError('invalid_request', `There are ${vectors.length} vectors for ${passages} passages.`);
  const [first] = vectors;
  if (!first) return undefined;
  const dimensions = first.length;
  if (dimensions === 0 || vectors.some((vector) => vector.length !== dimensions)) throw new LlmError('invalid_request', 'The vectors of a document must all have the same length.');
  return { name: plainText(model), dimensions, vectors: vectors.map(toUnit) };
}

/**
 * A vector of length 1 in the same direction, so that a dot product is the cosine; one of zeros stays.
 * @throws LlmError `invalid_request` where a component is no finite number
 */
export function toUnit(vector: Float32Array): Float32Array {
  let square = 0;
  for (const component of vector) square += component * component;
  if (!Number.isFinite(square)) throw new LlmError('invalid_request', 'A vector holds something that is no number.', { hint: 'Look at the embedding model that it came from.' });
  if (square === 0) return vector.slice();
  const scale = 1 / Math.sqrt(square);
  return vector.map((component) => component * scale);
}

/** @throws LlmError `misconfigured` where vectors of `asked` do not fit a store with vectors of `held` */
export function requireModel(held: EmbeddingModel, asked: EmbeddingModel): void {
  if (held.name === asked.name && held.dimensions === asked.dimensions) return;
  const tell = ({ name, dimensions }: EmbeddingModel) => `${JSON.stringify(name)} with ${dimensions} dimensions`;
  throw new LlmError('misconfigured', `The knowledge store holds vectors of the model ${tell(held)}, not of ${tell(asked)}.`, {
    hint: 'Choose that model, or clear the store and index everything again.',
  });
}
