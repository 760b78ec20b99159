/** What SQLite says, as failures. */
import { isLlmError, LlmError, type FailureKind } from '../../../core/errors.ts';

interface Failure {
  readonly kind: FailureKind;
  readonly says: string;
  readonly hint: string;
}

const space: Failure = { kind: 'unavailable', says: 'could not be written: its disk is full.', hint: 'Make room on the disk.' };
const broken: Failure = { kind: 'server', says: 'is damaged.', hint: 'Put a copy in its place, or delete it and index everything again.' };

/** By SQLite's primary result codes, sqlite.org/rescode.html. */
const failures: Readonly<Record<number, Failure>> = {
  5: { kind: 'unavailable', says: 'is in use by something else.', hint: 'Let only one process at a time write to it.' },
  8: { kind: 'unavailable', says: 'may not be written.', hint: 'Let the user that runs Node-RED write the file and its folder.' },
  10: { kind: 'unavailable', says: 'could not be read or written.', hint: 'Look at the disk.' },
  11: broken,
  13: space,
  14: { kind: 'unavailable', says: 'cannot be opened.', hint: 'Look at the path, and let the user that runs Node-RED read and write there.' },
  26: { kind: 'misconfigured', says: 'is no database.', hint: 'Choose another file for the knowledge store, or move this one away.' },
};

/** The same by the codes of file operations. */
const fileFailures: Readonly<Record<string, Failure | undefined>> = {
  EACCES: failures[14], EPERM: failures[14], EEXIST: failures[14], ENOTDIR: failures[14], EROFS: failures[8], ENOSPC: space,
};

/** @throws LlmError for what SQLite or the file system throws; anything else as it is */
export function orFailure<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw toFailure(path, error);
  }
}

function toFailure(path: string, error: unknown): unknown {
  if (isLlmError(error) || !(error instanceof Error)) return error;
  const { code, errcode } = error as Error & { code?: string; errcode?: number };
  const failure = errcode === undefined ? fileFailures[code ?? ''] : failures[errcode & 0xff];
  if (failure) return new LlmError(failure.kind, `The knowledge store ${path} ${failure.says}`, { hint: failure.hint });
  if (errcode === undefined) return error;
  return new LlmError('server', `The knowledge store ${path} failed (SQLite ${errcode}).`, { hint: 'Please report it with the Node-RED log.' });
}
