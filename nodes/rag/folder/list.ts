/** The documents in a folder and the folders below. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LlmError } from '../../core/errors.ts';
import { realFolder } from './inside.ts';
import { type FileFilter, fileFilter, type FilePatterns } from './patterns.ts';

export interface ListedFile {
  /** From the folder on, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** In ms since the epoch. */
  readonly modifiedMs: number;
}

export interface Listing {
  /** By path, in the order of code units. */
  readonly files: ListedFile[];
  /** Folders and files that could not be read: nobody knows what is in them. */
  readonly unreadable: string[];
}

/**
 * Symbolic links are left out, so that nothing is read from outside and nothing twice.
 * @throws LlmError `not_found` where there is no such folder, `misconfigured` where it cannot be read
 */
export async function listFiles(folder: string, patterns: FilePatterns = {}): Promise<Listing> {
  const root = await realFolder(folder);
  const listing: Listing = { files: [], unreadable: [] };
  await walk(root, '', fileFilter(patterns), listing);
  if (listing.unreadable.includes('')) throw new LlmError('misconfigured', `The folder ${folder} cannot be read.`, { hint: 'Look whether it is a folder, and whether Node-RED may read it.' });
  listing.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return listing;
}

async function walk(root: string, folder: string, filter: FileFilter, listing: Listing): Promise<void> {
  const entries: Dirent[] | undefined = await readdir(join(root, folder), { withFileTypes: true }).catch(() => undefined);
  if (!entries) listing.unreadable.push(folder);
  for (const entry of entries ?? []) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !filter.isLeftOut(path)) await walk(root, path, filter, listing);
    if (entry.isFile() && filter.isDocument(path)) await add(root, path, listing);
  }
}

async function add(root: string, path: string, listing: Listing): Promise<void> {
  const facts = await stat(join(root, path)).catch((error: NodeJS.ErrnoException) => error.code);
  if (typeof facts === 'object') listing.files.push({ path, bytes: facts.size, modifiedMs: facts.mtimeMs });
  // What has gone since then is not there; of what is forbidden nobody knows.
  else if (facts !== 'ENOENT') listing.unreadable.push(path);
}
