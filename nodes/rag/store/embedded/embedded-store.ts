/** A store in one SQLite file, with a thread of its own: nothing of it runs in Node-RED's event loop. */
import type { Passage } from '../../passages/passage.ts';
import { siblingFile, Thread } from '../../thread.ts';
import type { Language } from '../../text/languages.ts';
import { plainDocument, plainEmbedding, plainPassage, plainText, toUnit } from '../plain.ts';
import type { DocumentFacts, Found, Hit, SearchOptions, Store, StoredDocument, StoreFacts } from '../store.ts';
import type { EmbeddedMethods } from './worker.ts';

export interface EmbeddedOptions {
  /** The file; it and its folder are made where they are missing. */
  readonly path: string;
  /** What the texts are written in; another one than before analyzes all of them again. Where it is not given, as before, English at first. */
  readonly language?: Language | undefined;
}

export class EmbeddedStore implements Store {
  readonly #thread: Thread<EmbeddedMethods>;
  #closing: Promise<void> | undefined;

  constructor({ path, language }: EmbeddedOptions) {
    this.#thread = new Thread({ file: siblingFile(import.meta.url, 'worker'), name: 'The knowledge store', data: { path, language } });
  }

  async put(document: StoredDocument, passages: readonly Passage[], embedding?: { model: string; vectors: readonly Float32Array[] }): Promise<void> {
    const plain = embedding && plainEmbedding(embedding, passages.length);
    await this.#thread.call('put', [plainDocument(document), passages.map(plainPassage), plain]);
  }

  remove(id: string): Promise<boolean> {
    return this.#thread.call('remove', [plainText(id)]);
  }

  async clear(): Promise<void> {
    await this.#thread.call('clear', []);
  }

  get(id: string): Promise<DocumentFacts | undefined> {
    return this.#thread.call('get', [plainText(id)]);
  }

  list({ limit, after, prefix = '' }: { limit: number; after?: string; prefix?: string }): Promise<DocumentFacts[]> {
    return this.#thread.call('list', [{ limit: Math.max(0, limit), after: after === undefined ? null : plainText(after), prefix: plainText(prefix) }]);
  }

  knownVectors(model: string, texts: readonly string[]): Promise<Array<Float32Array | undefined>> {
    return this.#thread.call('knownVectors', [plainText(model), texts.map(plainText)]);
  }

  async searchWords(question: string, options: SearchOptions): Promise<Hit[]> {
    return this.#thread.call('searchWords', [question, options]);
  }

  async searchVectors({ model, vector }: { model: string; vector: Float32Array }, options: SearchOptions): Promise<Hit[]> {
    return this.#thread.call('searchVectors', [{ name: plainText(model), dimensions: vector.length }, toUnit(vector), options]);
  }

  passages(documentId: string, from: number, to: number): Promise<Found[]> {
    return this.#thread.call('passages', [plainText(documentId), from, to]);
  }

  facts(): Promise<StoreFacts> {
    return this.#thread.call('facts', []);
  }

  /** The thread takes calls in their order: what came before is done by then. */
  close(): Promise<void> {
    return (this.#closing ??= this.#thread.call('close', []).finally(() => this.#thread.close()));
  }
}
