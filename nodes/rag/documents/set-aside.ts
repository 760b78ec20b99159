/**
 * Documents that have ended their reader, by their hash, in a file: over restarts, none of them is tried again by itself. It is this
 * machine's own: another one that shares a store may have the memory that was missing here.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRecord } from '../../core/json.ts';
import { privateMode } from '../../core/private-files.ts';

/** The oldest go first; each takes some 250 bytes. */
const most = 1_000;

const open = new Map<string, SetAside>();

/** One for each file, however many nodes use it: two would each write only what they know. */
export function setAsideIn(path: string): SetAside {
  const known = open.get(path) ?? new SetAside(path);
  open.set(path, known);
  return known;
}

export class SetAside {
  readonly #path: string;
  /** Why, by the hash; the newest last. */
  #reasons: Promise<Map<string, string>> | undefined;
  #written: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** The hash is only asked for where there are any. */
  async reasonOf(hash: () => string): Promise<string | undefined> {
    const reasons = await this.#load();
    return reasons.size === 0 ? undefined : reasons.get(hash());
  }

  /** Resolves when it is on the disk: false where it cannot be written, and is remembered until Node-RED ends only. */
  async add(hash: string, reason: string): Promise<boolean> {
    const reasons = await this.#load();
    reasons.delete(hash);
    reasons.set(hash, reason);
    for (const oldest of reasons.keys()) if (reasons.size > most) reasons.delete(oldest);
    return this.#write(reasons);
  }

  async remove(hash: string): Promise<void> {
    const reasons = await this.#load();
    if (reasons.delete(hash)) await this.#write(reasons);
  }

  #load(): Promise<Map<string, string>> {
    return (this.#reasons ??= readFile(this.#path, 'utf8').then(parse, () => new Map<string, string>()));
  }

  /** Whole or not at all, whatever ends Node-RED meanwhile. */
  #write(reasons: ReadonlyMap<string, string>): Promise<boolean> {
    const write = async (): Promise<boolean> => {
      await mkdir(dirname(this.#path), { recursive: true });
      const draft = `${this.#path}.new`;
      await writeFile(draft, JSON.stringify({ version: 1, ended: Object.fromEntries(reasons) }, undefined, 1), { mode: privateMode, flush: true });
      await rename(draft, this.#path);
      return true;
    };
    const writing = this.#written.then(write).catch(() => false);
    this.#written = writing;
    return writing;
  }
}

/** Anything else than what is written here is as good as nothing: the worst is that a document is tried again. */
function parse(text: string): Map<string, string> {
  try {
    const given: unknown = JSON.parse(text);
    const ended = isRecord(given) && isRecord(given['ended']) ? given['ended'] : {};
    return new Map(Object.entries(ended).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return new Map();
  }
}
