/** The tables of a collection: one set for each, so that many share a database. */
import { hash } from 'node:crypto';
import { LlmError } from '../../../core/errors.ts';
import type { EmbeddingModel } from '../store.ts';
import type { Query } from './connection.ts';

/** To be raised with every change to the tables or to how texts are analyzed. */
const schemaVersion = 1;
/** The first half of the keys of all advisory locks: "LLMk". */
const lockSpace = 0x4c_4c_4d_6b;
/** pgvector's bound for an index of float32. Vectors that are longer are searched one by one. */
const maxIndexedDimensions = 2000;

/** The names of its tables, quoted. */
export interface Tables {
  readonly documents: string;
  readonly passages: string;
  readonly settings: string;
  readonly lock: number;
}

/** @throws LlmError `misconfigured` for a name that Postgres might cut or change */
export function tablesOf(collection: string): Tables {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(collection)) {
    throw new LlmError('misconfigured', 'The name of a collection must begin with a small letter and hold small letters, digits and _ only, at most 40.', { hint: 'Choose another name.' });
  }
  const table = (name: string) => `"llm_${collection}_${name}"`;
  return { documents: table('documents'), passages: table('passages'), settings: table('settings'), lock: hash('sha1', collection, 'buffer').readInt32BE(0) };
}

/** What a collection remembers about itself. */
export interface Settings {
  readonly version?: number;
  readonly language?: string;
  readonly model?: EmbeddingModel;
}

export async function readSettings(query: Query, { settings }: Tables): Promise<Settings> {
  const rows = await query(`select name, value from ${settings}`);
  return Object.fromEntries(rows.map(({ name, value }) => [String(name), value]));
}

export async function writeSetting(query: Query, { settings }: Tables, name: keyof Settings, value: unknown): Promise<void> {
  await query(`insert into ${settings} (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`, [name, JSON.stringify(value)]);
}

/** Until the transaction ends: nobody changes the tables or clears them. */
export async function lockTables(query: Query, { lock }: Tables): Promise<void> {
  await query('select pg_advisory_xact_lock_shared($1, $2)', [lockSpace, lock]);
}

/** Until the transaction ends: nobody else writes. */
export async function lockAlone(query: Query, { lock }: Tables): Promise<void> {
  await query('select pg_advisory_xact_lock($1, $2)', [lockSpace, lock]);
}

/**
 * Makes the tables where they are missing. `words` holds a passage's terms; the columns beside it hold them once more, as candidates are ranked by them.
 * @throws LlmError `misconfigured` where a newer version made them
 */
export async function createTables(query: Query, tables: Tables, language: string): Promise<void> {
  await lockAlone(query, tables);
  const { documents, passages, settings } = tables;
  await query(`create table if not exists ${settings} (name text primary key, value jsonb not null)`);
  const { version } = await readSettings(query, tables);
  checkVersion(version);
  if (version !== undefined) return;
  await query(`create table ${documents} (
    id text collate "C" primary key, title text not null, source text not null, metadata jsonb not null, hash text not null,
    passages integer not null, embedded boolean not null, indexed_at bigint not null)`);
  await query(`create index on ${documents} using gin (metadata jsonb_path_ops)`);
  await query(`create table ${passages} (
    document text collate "C" not null references ${documents} on delete cascade, ordinal integer not null, text text not null, text_hash bytea not null,
    headings jsonb not null, start_at integer not null, end_at integer not null, page integer,
    title_terms text not null, heading_terms text not null, body_terms text not null, words tsvector not null, primary key (document, ordinal))`);
  await query(`create index on ${passages} using gin (words)`);
  await query(`create index on ${passages} (text_hash)`);
  await writeSetting(query, tables, 'language', language);
  await writeSetting(query, tables, 'version', schemaVersion);
}

/** @throws LlmError `misconfigured` where a newer version made the tables */
export function checkVersion(version: number | undefined): void {
  if (version === undefined || version <= schemaVersion) return;
  throw new LlmError('misconfigured', 'The collection was made by a newer version of this palette.', { hint: 'Update the palette, or choose another collection.' });
}

/** Makes room for vectors; the dimensions are known with the first of them. To be called alone. */
export async function addVectors(query: Query, tables: Tables, { name, dimensions }: EmbeddingModel): Promise<void> {
  // Two collections may be the first of their database at once.
  await query('select pg_advisory_xact_lock($1, 0)', [lockSpace]);
  await query('create extension if not exists vector');
  await query(`alter table ${tables.passages} add column embedding vector(${dimensions})`);
  if (dimensions <= maxIndexedDimensions) await query(`create index on ${tables.passages} using hnsw (embedding vector_cosine_ops)`);
  await writeSetting(query, tables, 'model', { name, dimensions });
}

/** Leaves the tables as they were when they were made. To be called alone. */
export async function emptyTables(query: Query, tables: Tables, language: string): Promise<void> {
  await query(`truncate ${tables.documents}, ${tables.passages}`);
  await query(`alter table ${tables.passages} drop column if exists embedding`);
  await query(`delete from ${tables.settings} where name = 'model'`);
  await writeSetting(query, tables, 'language', language);
}
