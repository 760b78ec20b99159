/** The contract of a store, as plainly as possible: everything in a Map, every search through all of it. */
import { LlmError } from '../../nodes/core/errors.ts';
import type { Passage } from '../../nodes/rag/passages/passage.ts';
import { wordsOf } from '../../nodes/rag/retrieval/words.ts';
import type { DocumentFacts, Found, Hit, MetadataFilter, Scalar, SearchOptions, Store, StoredDocument, StoreFacts } from '../../nodes/rag/store/store.ts';

interface Entry {
  readonly document: StoredDocument;
  readonly passages: readonly Passage[];
  readonly vectors: readonly Float32Array[] | undefined;
}

export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>();
  #model: string | undefined;
  /** What was called, with the document's id where there is one: `put a.md`. */
  readonly calls: string[] = [];
  /** To be thrown by the call of that name, until it is taken out. */
  readonly failures = new Map<string, LlmError>();

  async #called(call: string): Promise<void> {
    this.calls.push(call);
    await Promise.resolve();
    const failure = this.failures.get(call) ?? this.failures.get(call.split(' ')[0] ?? '');
    if (failure) throw failure;
  }

  async put(document: StoredDocument, passages: readonly Passage[], embedding?: { model: string; vectors: readonly Float32Array[] }): Promise<void> {
    await this.#called(`put ${document.id}`);
    if (embedding) this.#checkModel(embedding.model);
    if (embedding && embedding.vectors.length !== passages.length) throw new LlmError('invalid_request', 'One vector for each passage, please.');
    if (embedding && passages.length > 0) this.#model = embedding.model;
    this.#entries.set(document.id, { document, passages, vectors: embedding?.vectors });
  }

  async remove(id: string): Promise<boolean> {
    await this.#called(`remove ${id}`);
    return this.#entries.delete(id);
  }

  async clear(): Promise<void> {
    await this.#called('clear');
    this.#entries.clear();
    this.#model = undefined;
  }

  async get(id: string): Promise<DocumentFacts | undefined> {
    await this.#called(`get ${id}`);
    const entry = this.#entries.get(id);
    return entry && factsOf(entry);
  }

  async list({ limit, after = '', prefix = '' }: { limit: number; after?: string; prefix?: string }): Promise<DocumentFacts[]> {
    await this.#called('list');
    const ids = [...this.#entries.keys()].filter((id) => id > after && id.startsWith(prefix)).sort();
    return ids.slice(0, limit).map((id) => factsOf(this.#entries.get(id) as Entry));
  }

  async knownVectors(model: string, texts: readonly string[]): Promise<Array<Float32Array | undefined>> {
    await this.#called('knownVectors');
    if (model !== this.#model) return texts.map(() => undefined);
    return texts.map((text) => this.#all().find(({ found, vector }) => vector && found.passage.text === text)?.vector);
  }

  /** The score is how many of the question's words a passage holds. */
  async searchWords(question: string, options: SearchOptions): Promise<Hit[]> {
    await this.#called('searchWords');
    const asked = new Set(wordsOf(question));
    return this.#best(options, ({ passage }) => [...new Set(wordsOf([...passage.headings, passage.text].join(' ')))].filter((word) => asked.has(word)).length || undefined);
  }

  async searchVectors({ model, vector }: { model: string; vector: Float32Array }, options: SearchOptions): Promise<Hit[]> {
    await this.#called('searchVectors');
    this.#checkModel(model);
    return this.#best(options, (_, own) => own && own.reduce((sum, value, at) => sum + value * (vector[at] ?? 0), 0));
  }

  async passages(documentId: string, from: number, to: number): Promise<Found[]> {
    await this.#called(`passages ${documentId}`);
    return this.#all().filter(({ found: { document, ordinal } }) => document.id === documentId && ordinal >= from && ordinal <= to).map(({ found }) => found);
  }

  async facts(): Promise<StoreFacts> {
    await this.#called('facts');
    const dimensions = this.#all().find(({ vector }) => vector)?.vector?.length ?? 0;
    return { documents: this.#entries.size, passages: this.#all().length, ...(this.#model !== undefined && { model: { name: this.#model, dimensions } }), bytes: 0 };
  }

  close(): Promise<void> {
    return this.#called('close');
  }

  #checkModel(model: string): void {
    if (this.#model !== undefined && model !== this.#model) throw new LlmError('misconfigured', 'The vectors are of another model.', { hint: 'Clear the store.' });
  }

  #all(): Array<{ found: Found; vector: Float32Array | undefined }> {
    return [...this.#entries.values()].flatMap(({ document: { hash: _hash, ...document }, passages, vectors }) =>
      passages.map((passage, ordinal) => ({ found: { document, passage, ordinal }, vector: vectors?.[ordinal] })),
    );
  }

  #best({ limit, filter }: SearchOptions, score: (found: Found, vector: Float32Array | undefined) => number | undefined): Hit[] {
    const hits = this.#all().filter(({ found }) => passes(found, filter)).map(({ found, vector }) => ({ ...found, score: score(found, vector) }));
    return hits.filter((hit): hit is Hit => hit.score !== undefined).sort((a, b) => b.score - a.score).slice(0, limit);
  }
}

function passes({ document: { metadata } }: Found, filter: MetadataFilter = {}): boolean {
  return Object.entries(filter).every(([name, wanted]) => [wanted].flat<Array<Scalar | readonly Scalar[]>>().includes(metadata[name] as Scalar));
}

function factsOf({ document, passages, vectors }: Entry): DocumentFacts {
  return { ...document, passages: passages.length, embedded: vectors !== undefined, indexedAt: 0 };
}
