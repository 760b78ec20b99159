/** Keeps what is read within a folder. */
import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { LlmError } from '../../core/errors.ts';

/** Whether a path is the folder or lies in it. Both must be real ones: see {@link resolveInside}. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/**
 * The real path of something in a folder, links resolved; a path that is not absolute counts from the folder.
 * @throws LlmError `invalid_request` where that is outside of the folder, `not_found` where there is nothing
 */
export async function resolveInside(folder: string, path: string): Promise<string> {
  const root = await realFolder(folder);
  const wanted = resolve(root, path);
  // What is outside by its name alone is not even looked for.
  if (!isInside(root, wanted) && !isInside(resolve(folder), wanted)) throw outside(folder);
  const real = await realpath(wanted).catch(() => {
    throw new LlmError('not_found', `There is no ${path} in ${folder}.`);
  });
  if (!isInside(root, real)) throw outside(folder);
  return real;
}

/** @throws LlmError `not_found` */
export async function realFolder(folder: string): Promise<string> {
  return realpath(folder).catch(() => {
    throw new LlmError('not_found', `There is no folder ${folder}.`, { hint: 'Look at its name, and whether Node-RED may read it.' });
  });
}

function outside(folder: string): LlmError {
  return new LlmError('invalid_request', `The path lies outside of ${folder}.`, { hint: 'Only what is in the folder can be indexed; links out of it are not followed.' });
}
