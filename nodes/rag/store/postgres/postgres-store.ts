/** A store in Postgres, which many instances may share. Words need nothing but Postgres, vectors its extension pgvector. */
import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { LlmError } from '../../../core/errors.ts';
import type { Passage } from '../../passages/passage.ts';
import { analyzerFor } from '../../text/analyze.ts';
import type { Language } from '../../text/languages.ts';
import { plainDocument, type PlainDocument, type PlainEmbedding, plainEmbedding, plainPassage, plainText, requireModel, toUnit } from '../plain.ts';
import type { DocumentFacts, EmbeddingModel, Found, Hit, SearchOptions, Store, StoredDocument, StoreFacts } from '../store.ts';
import { Connection, type Query } from './connection.ts';
import { toExtensionFailure } from './failures.ts';
import { foundColumns, toFacts, toFound, toVector } from './rows.ts';
import { addVectors, checkVersion, createTables, emptyTables, lockAlone, lockTables, readSettings, type Settings, type Tables, tablesOf } from './schema.ts';
import { searchVectors } from './vectors.ts';
import { type PassageTerms, Words } from './words.ts';

export interface PostgresOptions {
  /** postgres://user:password@host:5432/database */
  readonly url: string;
  /** Whose tables: a small letter, then small letters, digits and _, at most 40. */
  readonly collection: string;
  /** What the texts are written in; once there are any, it stays until the collection is cleared. English where it is not given. */
  readonly language?: Language | undefined;
  /** How many connections at most; 4 where it is not given. */
  readonly poolSize?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly statementTimeoutMs?: number | undefined;
}

/** Words of so many passages are taken before others get their turn in the event loop. */
const passagesAtOnce = 16;

export class PostgresStore implements Store {
  readonly #connection: Connection;
  readonly #tables: Tables;
  readonly #language: Language;
  readonly #words: Words;
  readonly #underWay = new Set<Promise<unknown>>();
  #ready: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws LlmError `misconfigured` for a collection that cannot be */
  constructor({ url, collection, language = 'en', poolSize = 4, connectTimeoutMs = 10_000, statementTimeoutMs = 60_000 }: PostgresOptions) {
    this.#tables = tablesOf(collection);
    this.#connection = new Connection({ url, poolSize, connectTimeoutMs, statementTimeoutMs });
    this.#language = language;
    this.#words = new Words(this.#tables, analyzerFor(language));
  }

  put(document: StoredDocument, passages: readonly Passage[], embedding?: { model: string; vectors: readonly Float32Array[] }): Promise<void> {
    return this.#during(() => this.#put(document, passages, embedding));
  }

  async #put(document: StoredDocument, passages: readonly Passage[], embedding?: { model: string; vectors: readonly Float32Array[] }): Promise<void> {
    const plain = plainDocument(document);
    const parts = passages.map(plainPassage);
    const vectors = embedding && plainEmbedding(embedding, passages.length);
    const terms = await this.#termsOf(plain.title, parts);
    await this.#prepare();
    // Somebody may clear the collection in between.
    while (!(await this.#tryPut(plain, parts, terms, vectors))) if (vectors) await this.#claimModel(vectors);
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#ask(`delete from ${this.#tables.documents} where id = $1 returning id`, [plainText(id)])).length > 0;
  }

  clear(): Promise<void> {
    return this.#during(async () => {
      await this.#prepare();
      await this.#connection.transaction(async (query) => {
        await lockAlone(query, this.#tables);
        await emptyTables(query, this.#tables, this.#language);
      });
      this.#words.forget();
    });
  }

  async get(id: string): Promise<DocumentFacts | undefined> {
    const [row] = await this.#ask(`select * from ${this.#tables.documents} where id = $1`, [plainText(id)]);
    return row && toFacts(row);
  }

  async list({ limit, after, prefix = '' }: { limit: number; after?: string; prefix?: string }): Promise<DocumentFacts[]> {
    const sql = `select * from ${this.#tables.documents} where ($1::text is null or id > $1) and id >= $2 and starts_with(id, $2) order by id limit $3`;
    return (await this.#ask(sql, [after === undefined ? null : plainText(after), plainText(prefix), Math.max(0, limit)])).map(toFacts);
  }

  async knownVectors(model: string, texts: readonly string[]): Promise<Array<Float32Array | undefined>> {
    const hashes = texts.map((text) => hash('sha256', plainText(text), 'hex'));
    const sql = `select distinct on (text_hash) encode(text_hash, 'hex') as hash, embedding::text from ${this.#tables.passages} where embedding is not null and text_hash = any (select decode(hex, 'hex') from unnest($1::text[]) as hex)`;
    const rows = await this.#read(async (query, settings) => (settings.model?.name === plainText(model) ? query(sql, [hashes]) : []));
    const known = new Map(rows.map((row) => [row['hash'], toVector(row['embedding'])]));
    return hashes.map((one) => known.get(one));
  }

  searchWords(question: string, options: SearchOptions): Promise<Hit[]> {
    if (options.limit <= 0) return Promise.resolve([]);
    return this.#read(async (query, settings) => {
      this.#requireLanguage(settings);
      return this.#words.search(query, question, options);
    });
  }

  async searchVectors({ model, vector }: { model: string; vector: Float32Array }, options: SearchOptions): Promise<Hit[]> {
    const unit = toUnit(vector);
    return this.#read(async (query, settings) => {
      if (!settings.model) return [];
      requireModel(settings.model, { name: plainText(model), dimensions: vector.length });
      return options.limit <= 0 ? [] : searchVectors(query, this.#tables, unit, options);
    });
  }

  async passages(documentId: string, from: number, to: number): Promise<Found[]> {
    const sql = `select ${foundColumns} from ${this.#tables.passages} join ${this.#tables.documents} on id = document where id = $1 and ordinal between $2 and $3 order by ordinal`;
    return (await this.#ask(sql, [plainText(documentId), from, to])).map(toFound);
  }

  /** Makes no tables: who looks may yet choose another collection or language. */
  facts(): Promise<StoreFacts> {
    return this.#during(() => this.#connection.run((query) => this.#facts(query)));
  }

  async #facts(query: Query): Promise<StoreFacts> {
    const { documents, passages, settings } = this.#tables;
    const [tables] = await query('select to_regclass($1) is not null as exist', [documents]);
    if (!tables?.['exist']) return { documents: 0, passages: 0, bytes: 0 };
    checkVersion((await readSettings(query, this.#tables)).version);
    const sizes = [documents, passages, settings].map((table) => `pg_total_relation_size('${table}')`).join(' + ');
    const [row] = await query(`select (select count(*) from ${documents})::int as documents, (select count(*) from ${passages})::int as passages,
      (select value from ${settings} where name = 'model') as model, (${sizes})::float8 as bytes`);
    const model = row?.['model'] as EmbeddingModel | null;
    return { documents: row?.['documents'] as number, passages: row?.['passages'] as number, ...(model && { model }), bytes: row?.['bytes'] as number };
  }

  close(): Promise<void> {
    return (this.#closing ??= Promise.allSettled(this.#underWay).then(() => this.#connection.close()));
  }

  /** What is begun here is waited for by who closes. */
  async #during<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closing) throw new LlmError('cancelled', 'The knowledge store is closed.');
    const working = work();
    this.#underWay.add(working);
    try {
      return await working;
    } finally {
      this.#underWay.delete(working);
    }
  }

  /** Where it fails, the next call tries again. */
  #prepare(): Promise<void> {
    return (this.#ready ??= this.#connection.transaction((query) => createTables(query, this.#tables, this.#language)).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    }));
  }

  #ask(sql: string, values: readonly unknown[] = []): ReturnType<Query> {
    return this.#during(async () => {
      await this.#prepare();
      return this.#connection.run((query) => query(sql, values));
    });
  }

  #read<Result>(work: (query: Query, settings: Settings) => Promise<Result>): Promise<Result> {
    return this.#during(() => this.#withSettings(work));
  }

  /** In a transaction that nobody clears the tables in. */
  async #withSettings<Result>(work: (query: Query, settings: Settings) => Promise<Result>): Promise<Result> {
    await this.#prepare();
    return this.#connection.transaction(async (query) => {
      await lockTables(query, this.#tables);
      return work(query, await readSettings(query, this.#tables));
    });
  }

  async #termsOf(title: string, passages: readonly Passage[]): Promise<PassageTerms[]> {
    const terms: PassageTerms[] = [];
    for (const { headings, text } of passages) {
      terms.push(this.#words.termsOf(title, headings, text));
      if (terms.length % passagesAtOnce === 0) await setImmediate();
    }
    return terms;
  }

  /** False where there is no room for vectors yet. */
  #tryPut(document: PlainDocument, passages: readonly Passage[], terms: readonly PassageTerms[], embedding: PlainEmbedding | undefined): Promise<boolean> {
    return this.#withSettings(async (query, settings) => {
      this.#requireLanguage(settings);
      if (embedding && !settings.model) return false;
      if (embedding && settings.model) requireModel(settings.model, embedding);
      await this.#write(query, document, passages, terms, embedding);
      return true;
    });
  }

  /** The document's row comes first: it is what two that put the same document wait for. */
  async #write(query: Query, { id, title, source, metadata, hash: documentHash }: PlainDocument, passages: readonly Passage[], terms: readonly PassageTerms[], embedding: PlainEmbedding | undefined): Promise<void> {
    const { documents, passages: table } = this.#tables;
    const about = [id, title, source, metadata, documentHash, passages.length, embedding !== undefined || passages.length === 0, Date.now()];
    await query(`insert into ${documents} values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do update set
      title = excluded.title, source = excluded.source, metadata = excluded.metadata, hash = excluded.hash, passages = excluded.passages, embedded = excluded.embedded, indexed_at = excluded.indexed_at`, about);
    await query(`delete from ${table} where document = $1`, [id]);
    if (passages.length === 0) return;
    const columns: Array<[name: string, type: string, values: readonly unknown[]]> = [
      ['ordinal', 'integer', passages.map((_, ordinal) => ordinal)],
      ['text', 'text', passages.map(({ text }) => text)],
      ['text_hash', 'bytea', passages.map(({ text }) => hash('sha256', text, 'buffer'))],
      ['headings', 'jsonb', passages.map(({ headings }) => JSON.stringify(headings))],
      ['start_at', 'integer', passages.map(({ start }) => start)],
      ['end_at', 'integer', passages.map(({ end }) => end)],
      ['page', 'integer', passages.map(({ page }) => page ?? null)],
      ['title_terms', 'text', terms.map((one) => one.title)],
      ['heading_terms', 'text', terms.map((one) => one.headings)],
      ['body_terms', 'text', terms.map((one) => one.body)],
      ['words', 'tsvector', terms.map((one) => one.words)],
    ];
    if (embedding) columns.push(['embedding', 'vector', embedding.vectors.map((vector) => `[${vector.join()}]`)]);
    const arrays = columns.map(([, type], at) => `$${at + 2}::${type}[]`).join();
    await query(`insert into ${table} (document, ${columns.map(([name]) => name).join()}) select $1, * from unnest(${arrays})`, [id, ...columns.map(([, , values]) => values)]);
  }

  async #claimModel(model: EmbeddingModel): Promise<void> {
    await this.#connection.transaction(async (query) => {
      await lockAlone(query, this.#tables);
      if ((await readSettings(query, this.#tables)).model) return;
      await addVectors(query, this.#tables, model).catch((error: unknown) => {
        throw toExtensionFailure(error, this.#connection.host);
      });
    });
  }

  #requireLanguage({ language }: Settings): void {
    if (language === this.#language) return;
    throw new LlmError('misconfigured', `The collection was indexed in the language ${JSON.stringify(language)}, not in ${JSON.stringify(this.#language)}.`, {
      hint: 'Choose that language, or clear the collection and index everything again.',
    });
  }
}
