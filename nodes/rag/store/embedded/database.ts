/** Everything of an embedded store that runs in its thread. */
import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Passage } from '../../passages/passage.ts';
import { analyzerFor } from '../../text/analyze.ts';
import type { Language } from '../../text/languages.ts';
import { type PlainDocument, type PlainEmbedding, requireModel } from '../plain.ts';
import type { DocumentFacts, EmbeddingModel, Found, Hit, SearchOptions, StoreFacts } from '../store.ts';
import type { Scored } from '../top.ts';
import { facetsOf } from './filter.ts';
import { type Row, toFacts, toFound } from './rows.ts';
import { inTransaction, openDatabase } from './schema.ts';
import { Settings } from './settings.ts';
import { toVector, Vectors } from './vectors.ts';
import { Words } from './words.ts';

export interface DatabaseOptions {
  readonly path: string;
  /** Undefined: the one that it has; English for a new one. */
  readonly language: Language | undefined;
}

/** Throws what SQLite throws, and LlmErrors for what it is asked wrongly. */
export class EmbeddedDatabase {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #settings: Settings;
  readonly #words: Words;
  readonly #vectors: Vectors;
  readonly #statements = new Map<string, StatementSync>();

  constructor({ path, language: wanted }: DatabaseOptions) {
    this.#path = path;
    this.#database = openDatabase(path);
    this.#settings = new Settings(this.#database);
    const language = wanted ?? this.#settings.language ?? 'en';
    this.#words = new Words(this.#database, analyzerFor(language));
    this.#vectors = new Vectors(this.#database);
    if (this.#settings.language !== language) this.#change(() => this.#rewrite(language));
  }

  put(document: PlainDocument, passages: readonly Passage[], embedding?: PlainEmbedding): void {
    const { old, key, added } = this.#change(() => {
      if (embedding) this.#claimModel(embedding);
      const old = this.#drop(document.id);
      const key = this.#insertDocument(document, passages.length, embedding !== undefined || passages.length === 0);
      const added = passages.map((passage, ordinal) => this.#insertPassage(key, document.title, passage, ordinal));
      embedding?.vectors.forEach((vector, at) => this.#vectors.put(added[at] as number, vector));
      return { old, key, added };
    });
    old?.forEach((passage) => this.#vectors.removed(passage));
    embedding?.vectors.forEach((vector, at) => this.#vectors.added(added[at] as number, key, vector));
  }

  remove(id: string): boolean {
    const old = this.#change(() => this.#drop(id));
    old?.forEach((passage) => this.#vectors.removed(passage));
    return old !== undefined;
  }

  clear(): void {
    this.#change(() => {
      this.#words.clear();
      this.#vectors.clear();
      this.#database.exec('delete from facets; delete from passages; delete from documents;');
      this.#settings.model = undefined;
    });
    this.#vectors.forget();
  }

  get(id: string): DocumentFacts | undefined {
    const [row] = this.#all('select * from documents where id = ?', id);
    return row && toFacts(row);
  }

  list({ limit, after, prefix }: { limit: number; after: string | null; prefix: string }): DocumentFacts[] {
    const sql = 'select * from documents where (? is null or id > ?) and id >= ? and substr(id, 1, length(?)) = ? order by id limit ?';
    return this.#all(sql, after, after, prefix, prefix, prefix, limit).map(toFacts);
  }

  knownVectors(model: string, texts: readonly string[]): Array<Float32Array<ArrayBuffer> | undefined> {
    if (this.#settings.model?.name !== model) return texts.map(() => undefined);
    return texts.map((text) => {
      const [row] = this.#all('select vector from passages join vectors on passage = key where textHash = ? limit 1', textHash(text));
      return row && toVector(row['vector'] as Uint8Array);
    });
  }

  searchWords(question: string, options: SearchOptions): Hit[] {
    return this.#hits(this.#words.search(question, options));
  }

  searchVectors(model: EmbeddingModel, vector: Float32Array, options: SearchOptions): Hit[] {
    const held = this.#settings.model;
    if (!held) return [];
    requireModel(held, model);
    return this.#hits(this.#vectors.search(held, vector, options));
  }

  passages(documentId: string, from: number, to: number): Found[] {
    const sql = 'select * from passages join documents on documents.key = document where id = ? and ordinal between ? and ? order by ordinal';
    return this.#all(sql, documentId, from, to).map(toFound);
  }

  facts(): StoreFacts {
    const [row] = this.#all('select (select count(*) from documents) as documents, (select count(*) from passages) as passages');
    const { model } = this.#settings;
    const bytes = ['', '-wal'].reduce((sum, end) => sum + (statSync(this.#path + end, { throwIfNoEntry: false })?.size ?? 0), 0);
    return { documents: row?.['documents'] as number, passages: row?.['passages'] as number, ...(model && { model }), bytes };
  }

  close(): void {
    this.#database.close();
  }

  /** In another language every text has other terms. */
  #rewrite(language: Language): void {
    this.#words.clear();
    const rows = this.#database.prepare('select passages.key, title, headings, text from passages join documents on documents.key = document').iterate();
    for (const row of rows) {
      const { title, text } = row as { title: string; text: string };
      this.#words.put(row['key'] as number, { title, headings: JSON.parse(row['headings'] as string) as string[], text });
    }
    this.#settings.language = language;
  }

  #claimModel(model: EmbeddingModel): void {
    const held = this.#settings.model;
    if (held) requireModel(held, model);
    else this.#settings.model = model;
  }

  /** The keys of its passages; undefined where there is no such document. */
  #drop(id: string): number[] | undefined {
    const [document] = this.#all('select key from documents where id = ?', id);
    if (!document) return undefined;
    const key = document['key'] as number;
    const passages = this.#all('select key from passages where document = ?', key).map((row) => row['key'] as number);
    for (const passage of passages) {
      this.#words.remove(passage);
      this.#vectors.remove(passage);
    }
    for (const sql of ['delete from passages where document = ?', 'delete from facets where document = ?', 'delete from documents where key = ?']) this.#prepare(sql).run(key);
    return passages;
  }

  #insertDocument({ id, title, source, metadata, hash }: PlainDocument, passages: number, embedded: boolean): number {
    const insert = this.#prepare('insert into documents (id, title, source, metadata, hash, passages, embedded, indexedAt) values (?, ?, ?, ?, ?, ?, ?, ?)');
    const key = Number(insert.run(id, title, source, metadata, hash, passages, Number(embedded), Date.now()).lastInsertRowid);
    const insertFacet = this.#prepare('insert into facets (key, value, document) values (?, ?, ?)');
    for (const [name, value] of facetsOf(metadata)) insertFacet.run(name, value, key);
    return key;
  }

  #insertPassage(document: number, title: string, { text, headings, start, end, page }: Passage, ordinal: number): number {
    const insert = this.#prepare('insert into passages (document, ordinal, text, textHash, headings, start, "end", page) values (?, ?, ?, ?, ?, ?, ?, ?)');
    const { lastInsertRowid } = insert.run(document, ordinal, text, textHash(text), JSON.stringify(headings), start, end, page ?? null);
    const key = Number(lastInsertRowid);
    this.#words.put(key, { title, headings, text });
    return key;
  }

  #hits(scored: ReadonlyArray<Scored<number>>): Hit[] {
    const select = this.#prepare('select * from passages join documents on documents.key = document where passages.key = ?');
    return scored.flatMap(({ item, score }) => {
      const row = select.get(item);
      return row ? [{ ...toFound(row), score }] : [];
    });
  }

  #change<Result>(change: () => Result): Result {
    return inTransaction(this.#database, change);
  }

  #all(sql: string, ...values: Array<string | number | Uint8Array | null>): Row[] {
    return this.#prepare(sql).all(...values);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}

function textHash(text: string): Uint8Array {
  return hash('sha256', text, 'buffer');
}
