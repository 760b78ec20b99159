/**
 * A file of lines that begins anew when it is full, and keeps some of those before it: `requests.log`, `requests.log.1`, …
 * Who writes never waits. With the disk full or gone, lines are lost and counted; once it is back, they are written again.
 */
import { rename, rm, stat } from 'node:fs/promises';
import { makeFolderOf, privateMode, tighten } from '../../core/private-files.ts';
import { appendWhole } from './append-whole.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** A line that would make it longer begins a new file. */
  readonly maxBytes: number;
  /** How many there are, the one that is written to among them. */
  readonly files: number;
  /** Called when writing begins to fail, with the error's code, and when it works again, with how many lines were lost. */
  readonly onTrouble: (code: string) => void;
  readonly onRecovery: (lost: number) => void;
}

/** What waits to be written, at most; a disk that is slower loses lines. */
const maxPendingBytes = 4_000_000;

/** A line waits so long for others: a file that is opened for each of them would cost more than all else. */
const gatherMs = 100;

export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #pending: string[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  /** Ends the waiting for more lines, while somebody waits for the end of the writing. */
  #hurry: (() => void) | undefined;
  #isHurried = false;
  /** Not before the first write, and not after a failure. */
  #isPrepared = false;
  #lost = 0;
  #isFailing = false;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** Lines that were not written since writing began to fail. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#pendingBytes + bytes > maxPendingBytes) {
      this.#lost++;
      return;
    }
    this.#pending.push(line);
    this.#pendingBytes += bytes;
    this.#writing ??= this.#drain();
  }

  /** Resolves when all is written, or lost. */
  async close(): Promise<void> {
    this.#isHurried = true;
    this.#hurry?.();
    await this.#writing;
    this.#isHurried = false;
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      if (!this.#isHurried) await this.#gather();
      const lines = this.#take();
      try {
        await this.#append(`${lines.join('\n')}\n`);
        this.#recover();
      } catch (error) {
        this.#fail(error as NodeJS.ErrnoException, lines.length);
      }
    }
    this.#writing = undefined;
  }

  #gather(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, gatherMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** As many as one file may hold, or one line that is longer. */
  #take(): string[] {
    let bytes = 0;
    let count = 0;
    for (const line of this.#pending) {
      const more = Buffer.byteLength(line) + 1;
      if (count > 0 && bytes + more > this.#options.maxBytes) break;
      bytes += more;
      count++;
    }
    this.#pendingBytes -= bytes;
    return this.#pending.splice(0, count);
  }

  async #append(text: string): Promise<void> {
    const { path, maxBytes } = this.#options;
    if (!this.#isPrepared) this.#prepare();
    const { size, mode } = await stat(path).catch(missing);
    if (size > 0 && size + Buffer.byteLength(text) > maxBytes) await this.#rotate();
    // A new one is for whom the one before was for.
    await appendWhole(path, text, mode & 0o660);
  }

  /** The folder is made, and what an earlier version has left open to everybody is closed. */
  #prepare(): void {
    makeFolderOf(this.#options.path);
    this.#names().forEach(tighten);
    this.#isPrepared = true;
  }

  /** From the one that is written to, to the oldest. */
  #names(): string[] {
    const { path, files } = this.#options;
    return Array.from({ length: files }, (_, number) => (number === 0 ? path : `${path}.${number}`));
  }

  async #rotate(): Promise<void> {
    const names = this.#names();
    await rm(names.at(-1) ?? this.#options.path, { force: true });
    for (let number = names.length - 1; number > 0; number--) await rename(names[number - 1] as string, names[number] as string).catch(missing);
  }

  #fail({ code = 'unknown' }: NodeJS.ErrnoException, lines: number): void {
    this.#isPrepared = false;
    this.#lost += lines;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.onTrouble(code);
  }

  #recover(): void {
    const lost = this.#lost;
    this.#lost = 0;
    if (!this.#isFailing && lost === 0) return;
    this.#isFailing = false;
    this.#options.onRecovery(lost);
  }
}

/** What is said of a file that is not there. */
function missing(error: NodeJS.ErrnoException): { size: number; mode: number } {
  if (error.code !== 'ENOENT') throw error;
  return { size: 0, mode: privateMode };
}
