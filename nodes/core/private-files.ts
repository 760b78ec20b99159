/** Files that hold what others on the machine should not read: prompts, documents, names of clients. */
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export const privateMode = 0o600;
const privateFolderMode = 0o700;

/** What everybody on the machine may do with a file. */
const forOthers = 0o007;

/** The folder of a file. One that is made is its user's alone; one that is there stays as it is, for it may hold more than ours. */
export function makeFolderOf(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: privateFolderMode });
}

/** Makes an empty file, its user's alone, where there is nothing. @throws where it cannot be made */
export function makeFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', privateMode));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * A file that everybody on the machine may use becomes its user's alone. One that a person gave to a group and to nobody else stays so:
 * whatever collects logs may be another user.
 */
export function tighten(file: string): void {
  try {
    const found = statSync(file);
    if (found.isFile() && (found.mode & forOthers) !== 0) chmodSync(file, privateMode);
  } catch {
    // It is not there; or it is another user's, who alone may say who reads it. Whether it can be written is told by writing.
  }
}
