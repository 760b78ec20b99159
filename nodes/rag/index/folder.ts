/** The folder that a node reads documents from. */
import { basename, isAbsolute, normalize, relative, resolve, sep } from 'node:path';
import { readRegularFile } from '../../core/regular-file.ts';
import { realFolder, resolveInside } from '../folder/inside.ts';
import { listFiles } from '../folder/list.ts';
import type { FilePatterns } from '../folder/patterns.ts';
import { type FolderChanges, watchFolder } from '../folder/watch.ts';
import type { IndexSource } from '../indexing/source.ts';

export interface FolderOptions {
  readonly path: string;
  readonly patterns: FilePatterns;
  readonly maxFileMb: number;
}

export class Folder {
  readonly #options: FolderOptions;

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  /** All that is in it, and whether that is all: what could not be looked at stands among the sources, to fail by its name. @throws LlmError */
  async sources(): Promise<{ sources: IndexSource[]; isComplete: boolean }> {
    const { path, patterns } = this.#options;
    const { files, unreadable } = await listFiles(path, patterns);
    const paths = [...files.map((file) => file.path), ...unreadable];
    return { sources: paths.map((name) => this.source(name)), isComplete: unreadable.length === 0 };
  }

  /** One file. Its path from the folder on is its id. It is read, and found to be inside, when its turn comes. */
  source(path: string): IndexSource {
    const own = isAbsolute(path) ? relative(resolve(this.#options.path), path) : normalize(path);
    const id = own.split(sep).join('/');
    return { id, name: basename(path), source: id, content: () => this.#read(path) };
  }

  /** @throws LlmError `not_found`: of a folder that has gone as a whole, a disk may have, nobody has removed the files */
  async check(): Promise<void> {
    await realFolder(this.#options.path);
  }

  watch(onChanges: (changes: FolderChanges) => void, onError: (error: Error) => void): Promise<{ close(): Promise<void> }> {
    const { path, patterns } = this.#options;
    return watchFolder(path, { ...patterns, onChanges, onError });
  }

  async #read(path: string): Promise<Uint8Array> {
    const { path: folder, maxFileMb } = this.#options;
    return readRegularFile(await resolveInside(folder, path), maxFileMb * 1024 ** 2);
  }
}
