/** The thread of an embedded store. */
import { workerData } from 'node:worker_threads';
import { answerCalls } from '../../thread.ts';
import { type DatabaseOptions, EmbeddedDatabase } from './database.ts';

export type EmbeddedMethods = Omit<EmbeddedDatabase, never>;

let database: EmbeddedDatabase | undefined;

/** Opened with the first call, so that a file that cannot be opened fails each call with what is wrong. */
function open(): EmbeddedDatabase {
  return (database ??= new EmbeddedDatabase(workerData as DatabaseOptions));
}

answerCalls<EmbeddedMethods>({
  put: (...args) => open().put(...args),
  remove: (...args) => open().remove(...args),
  clear: () => open().clear(),
  get: (...args) => open().get(...args),
  list: (...args) => open().list(...args),
  knownVectors: (...args) => open().knownVectors(...args),
  searchWords: (...args) => open().searchWords(...args),
  searchVectors: (...args) => open().searchVectors(...args),
  passages: (...args) => open().passages(...args),
  facts: () => open().facts(),
  close: () => database?.close(),
});
