/** Puts documents into a store, with a vector for each passage where there is an embedder. */
import type { Embedder } from '../embedding/embedder.ts';
import type { Store } from '../store/store.ts';
import { embedding } from './failures.ts';
import type { NewDocument } from './stored.ts';

/** How many passages are embedded and held together. */
const portion = 256;

export interface WriterOptions {
  readonly store: Store;
  readonly embedder?: Pick<Embedder, 'model' | 'passages'> | undefined;
  /** For each document that is in the store now, with how many passages and how many newly embedded texts. */
  readonly onPut: (document: NewDocument) => void;
  readonly onEmbedded: (texts: number) => void;
  readonly signal: AbortSignal;
}

/** Small documents are embedded together. @throws LlmError of the store; DocumentFailure or LlmError of the embedder */
export async function writeDocuments(documents: readonly NewDocument[], options: WriterOptions): Promise<void> {
  const { store, embedder, onPut, signal } = options;
  for (const group of portionsOf(documents)) {
    const texts = group.flatMap(({ passages }) => passages.map(({ text }) => text));
    const vectors = embedder && (await vectorsOf(texts, embedder, options));
    for (const one of group) {
      signal.throwIfAborted();
      const own = embedder && vectors && { model: embedder.model, vectors: one.passages.map(({ text }) => vectors.get(text) as Float32Array) };
      await store.put(one.document, one.passages, own);
      onPut(one);
    }
  }
}

function portionsOf(documents: readonly NewDocument[]): NewDocument[][] {
  const portions: NewDocument[][] = [];
  let size = 0;
  for (const one of documents) {
    const last = portions.at(-1);
    size += one.passages.length;
    if (last && size <= portion) {
      last.push(one);
    } else {
      portions.push([one]);
      size = one.passages.length;
    }
  }
  return portions;
}

/** Of each text once; what the store knows already is not embedded again. */
async function vectorsOf(texts: readonly string[], embedder: Pick<Embedder, 'model' | 'passages'>, { store, onEmbedded, signal }: WriterOptions): Promise<Map<string, Float32Array>> {
  const vectors = new Map<string, Float32Array>();
  const distinct = [...new Set(texts)];
  const missing: string[] = [];
  for (let at = 0; at < distinct.length; at += portion) {
    const asked = distinct.slice(at, at + portion);
    const known = await store.knownVectors(embedder.model, asked);
    for (const [index, text] of asked.entries()) {
      const vector = known[index];
      if (vector) vectors.set(text, vector);
      else missing.push(text);
    }
  }
  signal.throwIfAborted();
  const embedded = missing.length > 0 ? await embedding(() => embedder.passages(missing, signal)) : [];
  for (const [at, vector] of embedded.entries()) vectors.set(missing[at] as string, vector);
  onEmbedded(embedded.length);
  return vectors;
}
