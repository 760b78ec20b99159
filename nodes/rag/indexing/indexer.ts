/** Keeps a store in step with the documents that it is made from: what has not changed costs no more than a look at its bytes. */
import { mapConcurrently } from '../../core/concurrency.ts';
import { LlmError } from '../../core/errors.ts';
import type { Embedder } from '../embedding/embedder.ts';
import type { DocumentFacts, Store } from '../store/store.ts';
import { asDocumentFailure, reading } from './failures.ts';
import { fingerprintOf } from './fingerprint.ts';
import { emptyResult, type IndexProgress, type IndexResult, type IndexSource, type Read } from './source.ts';
import { allUnder, areUpToDate, newDocuments, sourceOf, storedOf } from './stored.ts';
import { writeDocuments } from './writer.ts';

export interface IndexerOptions<Split> {
  readonly store: Store;
  /** Absent where passages are found by their words alone. */
  readonly embedder?: Pick<Embedder, 'model' | 'passages'> | undefined;
  readonly read: Read<Split>;
  /** How documents are cut; plain data. Other settings cut all of them anew. */
  readonly split: Split;
  /** Sources under way at once: one may be read while another is embedded. */
  readonly concurrency?: number;
}

export interface RunOptions {
  /** Its reason is the LlmError to fail with. What is in the store by then stays there. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: IndexProgress) => void) | undefined;
  /** Somebody asks for it: what has ended a reader before is tried again. */
  readonly again?: boolean | undefined;
}

/**
 * Runs go one after another, in the order in which they were asked for. A document that cannot be read or stored is reported, and the
 * others go on; a run fails where the store or the embedding model does, and can be done again: it goes on where it was.
 */
export class Indexer<Split> {
  readonly #options: IndexerOptions<Split>;
  #lastRun: Promise<unknown> = Promise.resolve();

  constructor(options: IndexerOptions<Split>) {
    this.#options = options;
  }

  /**
   * Puts in what is new or has changed. Of sources with one id the last counts.
   * @throws LlmError of the store or the embedding model; `misconfigured` where the store's vectors are of another model
   */
  upsert(sources: readonly IndexSource[], options: RunOptions): Promise<IndexResult> {
    return this.#inTurn(() => this.#upsert(sources, options));
  }

  /**
   * Makes these the only sources whose ids begin with `prefix`: puts in what is new or has changed, then removes what is of no source.
   * In this order a file that was renamed finds its vectors. Where there are no sources, all is removed: see that a folder is there at all.
   * @throws LlmError as {@link upsert}; then nothing is removed
   */
  sync(sources: readonly IndexSource[], options: RunOptions & { readonly prefix?: string }): Promise<IndexResult> {
    return this.#inTurn(async () => {
      const result = await this.#upsert(sources, options);
      const ids = new Set(sources.map(({ id }) => id));
      for await (const document of allUnder(this.#options.store, options.prefix ?? '')) {
        if (!ids.has(sourceOf(document))) await this.#remove(document, result, options);
      }
      return result;
    });
  }

  /** Removes documents by their ids, or all of a source by its id. What is not there is none. */
  remove(ids: readonly string[], options: Pick<RunOptions, 'signal'>): Promise<IndexResult> {
    return this.#inTurn(async () => {
      const result = emptyResult();
      for (const id of ids) {
        for (const document of await storedOf(this.#options.store, id)) await this.#remove(document, result, options);
      }
      return result;
    });
  }

  clear(): Promise<IndexResult> {
    return this.#inTurn(async () => {
      const { store } = this.#options;
      const { documents } = await store.facts();
      await store.clear();
      return { ...emptyResult(), removed: documents };
    });
  }

  list(options: { limit: number; after?: string; prefix?: string }): Promise<DocumentFacts[]> {
    return this.#options.store.list(options);
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const turn = this.#lastRun.then(run);
    this.#lastRun = turn.catch(() => undefined);
    return turn;
  }

  async #upsert(sources: readonly IndexSource[], { signal, onProgress, again = false }: RunOptions): Promise<IndexResult> {
    signal.throwIfAborted();
    await this.#checkModel();
    const result = emptyResult();
    const distinct = [...new Map(sources.map((source) => [source.id, source])).values()];
    let done = 0;
    await mapConcurrently(distinct, { limit: this.#options.concurrency ?? 2, signal }, async (source, either) => {
      try {
        await this.#upsertOne(source, result, { signal: either, again });
      } catch (error) {
        either.throwIfAborted();
        const failure = asDocumentFailure(error);
        if (!failure) throw error;
        result.failed.push({ file: source.id, reason: failure.message, kind: failure.kind });
      }
      onProgress?.({ done: ++done, total: distinct.length, file: source.id });
    });
    return result;
  }

  /** Once and for all sources: else every one of them would fail with it. */
  async #checkModel(): Promise<void> {
    const { store, embedder } = this.#options;
    const { model } = embedder ? await store.facts() : {};
    if (!embedder || !model || model.name === embedder.model) return;
    throw new LlmError('misconfigured', `The store's vectors are of the model ${model.name}, and not of ${embedder.model}.`, {
      hint: 'Choose that model again, or clear the store and index everything once more.',
    });
  }

  async #upsertOne(source: IndexSource, result: IndexResult, { signal, again }: { signal: AbortSignal; again: boolean }): Promise<void> {
    const { store, embedder, split } = this.#options;
    const bytes = await reading(() => (typeof source.content === 'function' ? source.content() : source.content));
    const fingerprint = await reading(() => fingerprintOf(source, bytes, split));
    const stored = await storedOf(store, source.id);
    if (areUpToDate(stored, fingerprint, embedder !== undefined)) {
      result.unchanged += stored.length;
      return;
    }
    signal.throwIfAborted();
    const { name, type } = source;
    const read = await reading(() => this.#options.read({ bytes, ...(name !== undefined && { name }), ...(type !== undefined && { type }) }, split, { again }));
    const documents = newDocuments(source, read, fingerprint);
    const before = new Set(stored.map(({ id }) => id));
    await writeDocuments(documents, {
      store,
      embedder,
      signal,
      onPut: ({ document, passages }) => {
        result[before.has(document.id) ? 'updated' : 'added']++;
        result.passages += passages.length;
      },
      onEmbedded: (texts) => (result.embedded += texts),
    });
    const now = new Set(documents.map(({ document }) => document.id));
    for (const document of stored) if (!now.has(document.id)) await this.#remove(document, result, { signal });
  }

  async #remove({ id }: DocumentFacts, result: IndexResult, { signal }: Pick<RunOptions, 'signal'>): Promise<void> {
    signal.throwIfAborted();
    if (await this.#options.store.remove(id)) result.removed++;
  }
}
