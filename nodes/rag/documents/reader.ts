/** Reads and splits documents in a thread of its own, one after the other. */
import { isLlmError, type LlmError } from '../../core/errors.ts';
import type { SplitOptions } from '../passages/settings.ts';
import { siblingFile, Thread } from '../thread.ts';
import { refusal, type Source } from './document.ts';
import type { ReaderSettings } from './settings.ts';
import type { FileSource, ReaderMethods, SplitDocument } from './worker.ts';

export type { FileSource, SplitDocument } from './worker.ts';

const idleMs = 60_000;

export class DocumentReader {
  readonly #settings: ReaderSettings;
  readonly #thread: Thread<ReaderMethods>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: ReaderSettings) {
    this.#settings = settings;
    const resourceLimits = { maxOldGenerationSizeMb: settings.maxMemoryMb };
    this.#thread = new Thread({ file: siblingFile(import.meta.url, 'worker'), name: 'The reader of documents', resourceLimits, idleMs });
  }

  /**
   * The documents of a source with their passages. Its time counts from when those before it are through.
   * @throws LlmError `invalid_request` whose message says, for a person, why the document cannot be indexed: also where it
   * takes too long, needs too much memory, or ends the thread; `cancelled` once it is closed
   */
  read(source: Source | FileSource, options: SplitOptions): Promise<SplitDocument[]> {
    const reading = this.#last.then(() => this.#read(source, options));
    // The next one waits, whatever comes of this one.
    this.#last = reading.catch(() => undefined);
    return reading;
  }

  /** Ends the thread; what is not read yet fails with `cancelled`. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  async #read(source: Source | FileSource, options: SplitOptions): Promise<SplitDocument[]> {
    const { timeoutMs, maxFileMb } = this.#settings;
    try {
      return await this.#thread.call('read', [source, options, maxFileMb * 1024 ** 2], { timeoutMs });
    } catch (error) {
      throw isLlmError(error) ? this.#blameDocument(error) : error;
    }
  }

  #blameDocument(error: LlmError): LlmError {
    const { timeoutMs, maxMemoryMb } = this.#settings;
    switch (error.kind) {
      case 'timeout':
        return refusal(`Reading it took longer than ${timeoutMs / 1000} s.`, 'Divide the document, or raise the time limit.');
      case 'out_of_memory':
        return refusal(`Reading it took more than ${maxMemoryMb} MB of memory.`, 'Divide the document.');
      case 'server':
        return refusal('The reader failed on it.', 'Please report it, with the document if you may.');
      default:
        return error;
    }
  }
}
