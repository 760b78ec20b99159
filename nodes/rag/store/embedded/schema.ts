/** The file of an embedded store: how it is opened, and its tables. */
import type { DatabaseSync } from 'node:sqlite';
import { LlmError } from '../../../core/errors.ts';
import { makeFolderOf, makeFile, tighten } from '../../../core/private-files.ts';
import { sqlite } from './sqlite.ts';

/** Says in the file's header whose it is: "LLMk". */
const applicationId = 0x4c_4c_4d_6b;
/** To be raised with every change to the tables or to how texts are analyzed. */
const schemaVersion = 1;
/** How long to wait for another process that writes, in ms. */
const busyTimeoutMs = 5_000;

/*
 * `terms` holds the terms of each passage: what candidates are ranked by. `words` is their index; its tokenizer only splits at the spaces.
 * `facets` holds what a search may be narrowed by, with values as JSON. A vector is float32 in the machine's order, of length 1.
 */
const tables = `
  create table documents (
    key integer primary key, id text not null unique, title text not null, source text not null, metadata text not null, hash text not null,
    passages integer not null, embedded integer not null, indexedAt integer not null
  ) strict;
  create table passages (
    key integer primary key, document integer not null, ordinal integer not null, text text not null, textHash blob not null, headings text not null,
    start integer not null, "end" integer not null, page integer, unique (document, ordinal)
  ) strict;
  create index passagesByText on passages (textHash);
  create table vectors (passage integer primary key, vector blob not null) strict;
  create table facets (key text not null, value text not null, document integer not null, primary key (key, value, document)) strict, without rowid;
  create index facetsByDocument on facets (document);
  create table settings (name text primary key, value text not null) strict, without rowid;
  create table terms (passage integer primary key, title text not null, headings text not null, body text not null) strict;
  create virtual table words using fts5 (title, headings, body, tokenize = 'ascii', content = 'terms', content_rowid = 'passage');
`;

/** 16 MB each, where SQLite takes 2 and 4: what is put then touches the disk less often. */
const sizes = 'pragma cache_size = -16000; pragma wal_autocheckpoint = 4000;';

/** Of the connection alone: how often a term stands in `words`. */
const views = `create virtual table temp.frequencies using fts5vocab (main, words, row);`;

/**
 * Opens the file, or makes it. WAL with `synchronous = normal`: whatever ends the process, nothing is half written and nothing acknowledged is lost;
 * a power failure may cost the last documents, which the next run of an index finds missing and puts again.
 * @throws LlmError `misconfigured` for a file of something else or of a newer version; whatever SQLite and the file system throw
 */
export function openDatabase(path: string): DatabaseSync {
  makeFolderOf(path);
  // SQLite gives the files that it makes beside it the same rights.
  makeFile(path);
  const database = new (sqlite().DatabaseSync)(path, { timeout: busyTimeoutMs });
  try {
    prepare(database, path);
    for (const suffix of ['', '-wal', '-shm']) tighten(`${path}${suffix}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync, path: string): void {
  // Before anything is written: a file of something else stays as it is.
  checkOwner(database, path);
  database.exec('pragma journal_mode = wal; pragma synchronous = normal;');
  // Two processes may open a new file at once.
  inTransaction(database, () => {
    if (isEmpty(database)) database.exec(`${tables} pragma application_id = ${applicationId}; pragma user_version = ${schemaVersion};`);
  });
  database.exec(`${sizes} ${views}`);
}

function checkOwner(database: DatabaseSync, path: string): void {
  if (isEmpty(database)) return;
  if (pragma(database, 'application_id') !== applicationId) {
    throw new LlmError('misconfigured', `${path} is a database of something else.`, { hint: 'Choose another file for the knowledge store.' });
  }
  if (pragma(database, 'user_version') > schemaVersion) {
    throw new LlmError('misconfigured', `${path} was written by a newer version of this palette.`, { hint: 'Update the palette, or choose another file for the knowledge store.' });
  }
}

function isEmpty(database: DatabaseSync): boolean {
  return pragma(database, 'schema_version') === 0;
}

export function pragma(database: DatabaseSync, name: string): number {
  return Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0] as number;
}

/** All or nothing. */
export function inTransaction<Result>(database: DatabaseSync, change: () => Result): Result {
  database.exec('begin immediate');
  try {
    const result = change();
    database.exec('commit');
    return result;
  } catch (error) {
    // Some errors, a full disk for one, have ended the transaction already.
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}
