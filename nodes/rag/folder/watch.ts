/** What changes in a folder, in batches, once nobody writes any more. */
import { relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { realFolder } from './inside.ts';
import { fileFilter, type FilePatterns } from './patterns.ts';

/** Paths from the folder on, with slashes, in the order of code units. A renamed file is in both. */
export interface FolderChanges {
  readonly changed: string[];
  readonly removed: string[];
}

export interface WatchOptions extends FilePatterns {
  /** A batch comes when nothing has happened for so long. */
  readonly settleMs?: number;
  /** It comes after this at the latest, though something goes on: a log that never rests holds up nobody else. */
  readonly maxWaitMs?: number;
  readonly onChanges: (changes: FolderChanges) => void;
  /** The system's own: too many folders for it to watch, no permission. Watching goes on as far as it can. */
  readonly onError: (error: Error) => void;
}

/**
 * Resolves when it watches; what is there already is no change. Symbolic links are left out, as in `listFiles`.
 * @throws LlmError `not_found` where there is no such folder
 */
export async function watchFolder(folder: string, options: WatchOptions): Promise<{ close(): Promise<void> }> {
  const root = await realFolder(folder);
  const { isDocument, isLeftOut } = fileFilter(options);
  const pathOf = (path: string) => relative(root, path).split(sep).join('/');
  const batch = new Batch(options);
  const watcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: false,
    // Pipes, devices and sockets are no documents either, whatever their names.
    ignored: (path, stats) => path !== root && (isLeftOut(pathOf(path)) || (stats !== undefined && !stats.isDirectory() && !(stats.isFile() && isDocument(pathOf(path))))),
  });
  const note = (path: string, isThere: boolean) => {
    if (isDocument(pathOf(path))) batch.add(pathOf(path), isThere);
  };
  watcher.on('add', (path) => note(path, true));
  watcher.on('change', (path) => note(path, true));
  watcher.on('unlink', (path) => note(path, false));
  watcher.on('error', (error) => options.onError(error as Error));
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return {
    async close() {
      batch.clear();
      await watcher.close();
    },
  };
}

/** The last thing that happened to each file counts. */
class Batch {
  readonly #options: WatchOptions;
  readonly #files = new Map<string, boolean>();
  #settled: NodeJS.Timeout | undefined;
  #latest: NodeJS.Timeout | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  add(path: string, isThere: boolean): void {
    const { settleMs = 1_000, maxWaitMs = 30_000 } = this.#options;
    this.#files.set(path, isThere);
    clearTimeout(this.#settled);
    this.#settled = setTimeout(() => this.#hand(), settleMs);
    this.#latest ??= setTimeout(() => this.#hand(), maxWaitMs);
  }

  clear(): void {
    clearTimeout(this.#settled);
    clearTimeout(this.#latest);
    this.#latest = undefined;
    this.#files.clear();
  }

  #hand(): void {
    const paths = [...this.#files.keys()].sort();
    const changes = { changed: paths.filter((path) => this.#files.get(path)), removed: paths.filter((path) => !this.#files.get(path)) };
    this.clear();
    this.#options.onChanges(changes);
  }
}
