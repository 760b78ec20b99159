/** The thread of an embedded store. */
import { workerData } from 'node:worker_threads';
import { answerCalls } from '../../thread.ts';
import { type DatabaseOptions, EmbeddedDatabase } from './database.ts';
import { orFailure } from './failures.ts';

export type EmbeddedMethods = Omit<EmbeddedDatabase, never>;

const options = workerData as DatabaseOptions;
let database: EmbeddedDatabase | undefined;

/** Opened with the first call, so that a file that cannot be opened fails each call with what is wrong. */
function on<Result>(work: (database: EmbeddedDatabase) => Result): Result {
  return orFailure(options.path, () => work((database ??= new EmbeddedDatabase(options))));
}

answerCalls<EmbeddedMethods>({
  put: (...args) => on((database) => database.put(...args)),
  remove: (...args) => on((database) => database.remove(...args)),
  clear: () => on((database) => database.clear()),
  get: (...args) => on((database) => database.get(...args)),
  list: (...args) => on((database) => database.list(...args)),
  knownVectors: (...args) => on((database) => database.knownVectors(...args)),
  searchWords: (...args) => on((database) => database.searchWords(...args)),
  searchVectors: (...args) => on((database) => database.searchVectors(...args)),
  passages: (...args) => on((database) => database.passages(...args)),
  facts: () => on((database) => database.facts()),
  close: () => database?.close(),
});
