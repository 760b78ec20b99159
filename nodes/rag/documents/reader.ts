/** Reads and splits documents in a process of its own, one after the other: whatever is in one, it ends its reader at worst, never Node-RED. */
import { hash } from 'node:crypto';
import { isLlmError, LlmError } from '../../core/errors.ts';
import type { SplitOptions } from '../passages/settings.ts';
import { Process } from '../process.ts';
import { siblingFile } from '../remote.ts';
import type { ReaderMethods, SplitDocument } from './child.ts';
import { refusal, type Source } from './document.ts';
import { formatOf } from './format.ts';
import { memoryFor, type ReaderMemory } from './memory.ts';
import type { SetAside } from './set-aside.ts';
import { type ReaderSettings, readerFields } from './settings.ts';
import { duration } from '../../core/units.ts';

export type { SplitDocument } from './child.ts';

const idleMs = 60_000;
/** What libraries leave behind in memory goes with the process. */
const renewAfter = { calls: 500, busyMs: 600_000 };
/** Raised with each change of how documents are read, so that those that ended a reader are tried again. */
const readingVersion = 1;

export interface ReaderOptions {
  /** Remembers documents that have ended a reader; absent: each is tried again. */
  readonly setAside?: SetAside | undefined;
  /** False: as on machines where no system bounds the memory of a process. */
  readonly isLimited?: boolean;
}

export interface ReadingOptions {
  /** Somebody asks for it: also what has ended a reader before is tried again. */
  readonly again?: boolean;
}

export class DocumentReader {
  readonly #settings: ReaderSettings;
  readonly #memory: ReaderMemory;
  readonly #process: Process<ReaderMethods>;
  readonly #setAside: SetAside | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: ReaderSettings, { setAside, isLimited }: ReaderOptions = {}) {
    this.#settings = settings;
    this.#memory = memoryFor(settings);
    this.#setAside = setAside;
    this.#process = new Process({
      file: siblingFile(import.meta.url, 'child'), name: 'The reader of documents', ...this.#memory, idleMs, renewAfter,
      // Two threads of it may compute at once.
      cpuSeconds: Math.ceil((2 * (renewAfter.busyMs + settings.timeoutMs)) / 1000),
      ...(isLimited !== undefined && { isLimited }),
    });
  }

  /**
   * The documents of a source with their passages. Its time counts from when those before it are through.
   * @throws LlmError `invalid_request` whose message says, for a person, why the document cannot be indexed: also where it
   * takes too long, needs too much memory, or ends the process; `unavailable` where no reader can be started; `cancelled` once it is closed
   */
  read(source: Source, options: SplitOptions, { again = false }: ReadingOptions = {}): Promise<SplitDocument[]> {
    const reading = this.#last.then(() => this.#read(source, options, again));
    // The next one waits, whatever comes of this one.
    this.#last = reading.catch(() => undefined);
    return reading;
  }

  /** Ends the process; what is not read yet fails with `cancelled`. */
  close(): Promise<void> {
    return this.#process.close();
  }

  async #read(source: Source, options: SplitOptions, again: boolean): Promise<SplitDocument[]> {
    const { maxFileMb } = this.#settings;
    if (source.bytes.length > maxFileMb * 1024 ** 2) throw refusal(`It is larger than ${maxFileMb} MB.`, 'Divide it, or raise the bound.');
    const known = await this.#setAside?.reasonOf(() => this.#keyOf(source));
    if (known !== undefined && !again) throw new LlmError('invalid_request', known);
    try {
      const documents = await this.#call(source, options);
      if (known !== undefined) await this.#setAside?.remove(this.#keyOf(source));
      return documents;
    } catch (error) {
      throw isLlmError(error) ? await this.#blameDocument(error, source) : error;
    }
  }

  /** Where no reader comes up, it is tried once more: below a bound that it cannot start with, it then watches itself. */
  async #call(source: Source, options: SplitOptions): Promise<SplitDocument[]> {
    const { bytes: given, ...about } = source;
    const bytes = typeof given === 'string' ? Buffer.from(given, 'utf8') : given;
    const { timeoutMs } = this.#settings;
    const sent = { ...about, length: bytes.length, isText: typeof given === 'string' };
    const call = () => this.#process.call('read', [sent, options, this.#maxUnpackedBytes()], { timeoutMs, bytes });
    return call().catch((error: unknown) => (isLlmError(error) && error.kind === 'unavailable' ? call() : Promise.reject(error as Error)));
  }

  /** What is packed in a document may be as large as the largest document; a bound below the default one is not meant for it. */
  #maxUnpackedBytes(): number {
    return Math.max(this.#settings.maxFileMb, readerFields.maxFileMb.value) * 1024 ** 2;
  }

  /** The same bytes, read in the same way within the same bounds, would end a reader again. */
  #keyOf(source: Source): string {
    const { timeoutMs } = this.#settings;
    const way = JSON.stringify([readingVersion, formatOf(source), timeoutMs, this.#memory.heapMb, this.#memory.memoryMb]);
    return hash('sha256', hash('sha256', source.bytes) + way);
  }

  async #blameDocument(error: LlmError, source: Source): Promise<LlmError> {
    const { timeoutMs } = this.#settings;
    switch (error.kind) {
      case 'timeout':
        return this.#ended(source, `Reading it took longer than ${duration(timeoutMs)}.`, 'Divide the document, or raise the time limit.');
      case 'out_of_memory':
        return this.#ended(source, `Reading it took more than ${this.#memory.heapMb} MB of memory.`, 'Divide the document.');
      case 'server':
        return this.#ended(source, 'The reader failed on it.', 'Please report it, with the document if you may.');
      default:
        return error;
    }
  }

  /** Told again, in the same words, until the document changes. */
  async #ended(source: Source, message: string, hint: string): Promise<LlmError> {
    if (!this.#setAside) return refusal(message, hint);
    const failure = refusal(message, `${hint} It is tried again when it has changed, or when a message asks for it.`);
    const isKept = await this.#setAside.add(this.#keyOf(source), failure.message);
    return isKept ? failure : refusal(message, `${hint} It is tried again at the next start: that it failed could not be written into Node-RED's folder.`);
  }
}
