/** The vectors of an embedded store: kept in the file, searched in memory. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EmbeddingModel, SearchOptions } from '../store.ts';
import type { Scored } from '../top.ts';
import { filterSql } from './filter.ts';
import { pragma } from './schema.ts';
import { VectorIndex } from './vector-index.ts';

export class Vectors {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  /** From the first search on. */
  #index: VectorIndex | undefined;
  /** SQLite's word on whether another process has written since. */
  #dataVersion = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare('insert into vectors (passage, vector) values (?, ?)');
    this.#remove = database.prepare('delete from vectors where passage = ?');
  }

  /** Only in the file: {@link added} and {@link removed} are for the memory, once the transaction is through. */
  put(passage: number, vector: Float32Array): void {
    this.#insert.run(passage, new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }

  remove(passage: number): void {
    this.#remove.run(passage);
  }

  clear(): void {
    this.#database.exec('delete from vectors');
  }

  added(passage: number, document: number, vector: Float32Array): void {
    this.#index?.add(passage, document, vector);
  }

  removed(passage: number): void {
    this.#index?.remove(passage);
  }

  /** The memory is filled again by the next search. */
  forget(): void {
    this.#index = undefined;
  }

  /** Keys of passages, best first. */
  search(model: EmbeddingModel, vector: Float32Array, { limit, filter }: SearchOptions): Array<Scored<number>> {
    const version = pragma(this.#database, 'data_version');
    if (version !== this.#dataVersion) this.forget();
    this.#dataVersion = version;
    this.#index ??= this.#load(model.dimensions);
    return this.#index.search(vector, limit, this.#documents(filter));
  }

  #load(dimensions: number): VectorIndex {
    const index = new VectorIndex(dimensions);
    const rows = this.#database.prepare('select passage, document, vector from vectors join passages on key = passage').iterate();
    for (const row of rows) index.add(row['passage'] as number, row['document'] as number, toVector(row['vector'] as Uint8Array));
    return index;
  }

  #documents(filter: SearchOptions['filter']): ReadonlySet<number> | undefined {
    const narrowed = filterSql(filter);
    if (!narrowed) return undefined;
    const rows = this.#database.prepare(`select key from (select key, key as document from documents) where ${narrowed.sql}`).all(...narrowed.values);
    return new Set(rows.map((row) => row['key'] as number));
  }
}

export function toVector(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  return new Float32Array(bytes.slice().buffer);
}
