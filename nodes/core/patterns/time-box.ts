/** A thread in which patterns are tried, one after the other, each for so long; then it is ended, and the next one gets a new thread. */
import { extname } from 'node:path';
// A thread goes by the real time, also where a test has another.
import { clearTimeout, setTimeout } from 'node:timers';
import { Worker } from 'node:worker_threads';
import type { Place } from './places.ts';
import type { Answer, Question } from './worker.ts';

/** `late`: it took too long. `full`: too many others wait. `failed`: the engine gave up, or the thread ended. */
export class PatternFailure extends Error {
  readonly reason: 'late' | 'full' | 'failed';

  constructor(reason: PatternFailure['reason'], limitMs: number) {
    super(sentences[reason].replace('%', String(limitMs)));
    this.reason = reason;
  }
}

const sentences = {
  late: 'The pattern took longer than % ms.',
  full: 'Too many texts wait for their patterns.',
  failed: 'The pattern could not be tried.',
} as const;

export interface TimeBoxOptions {
  /** How long one try may take. */
  readonly limitMs: number;
  /** So many tries may wait, and so many characters of theirs. */
  readonly maxWaiting: number;
  readonly maxWaitingChars: number;
  /** The thread ends when nothing was asked for so long. */
  readonly idleMs: number;
}

interface Try {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (failure: PatternFailure) => void;
}

/** The thread's own clock while it tries, 0 between: what it waits for its turn is not its fault. */
type Clock = BigInt64Array<SharedArrayBuffer>;

interface Running {
  readonly worker: Worker;
  readonly clock: Clock;
}

/** A thread that does not even begin is no thread. */
const startWithinMs = 10_000;

export class TimeBox {
  readonly #options: TimeBoxOptions;
  readonly #waiting: Try[] = [];
  #waitingChars = 0;
  #running: Running | undefined;
  #current: Try | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TimeBoxOptions) {
    this.#options = options;
  }

  async test(expression: RegExp, text: string): Promise<boolean> {
    return (await this.#ask({ source: expression.source, flags: expression.flags, text, all: false })).length > 0;
  }

  async places(expression: RegExp, text: string): Promise<readonly Place[]> {
    return this.#ask({ source: expression.source, flags: expression.flags, text, all: true });
  }

  /** Ends the thread; what waits fails. */
  close(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure('failed'));
    this.#waitingChars = 0;
    if (this.#running) this.#end(this.#running, this.#failure('failed'));
  }

  #ask(question: Question): Promise<Answer> {
    const { maxWaiting, maxWaitingChars } = this.#options;
    const isFull = this.#waiting.length >= maxWaiting || (this.#waiting.length > 0 && this.#waitingChars + question.text.length > maxWaitingChars);
    if (isFull) return Promise.reject(this.#failure('full'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      this.#waitingChars += question.text.length;
      this.#next();
    });
  }

  #next(): void {
    if (this.#current) return;
    clearTimeout(this.#timer);
    const next = this.#waiting.shift();
    if (!next) return this.#rest();
    this.#waitingChars -= next.question.text.length;
    this.#current = next;
    const running = (this.#running ??= this.#start());
    running.worker.ref();
    running.worker.postMessage(next.question, []);
    this.#watch(running, process.hrtime.bigint());
  }

  #start(): Running {
    const clock: Clock = new BigInt64Array(new SharedArrayBuffer(8));
    const worker = new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url), { name: 'Patterns', workerData: clock });
    const running = { worker, clock };
    worker.on('message', (answer: Answer | undefined) => this.#settle(running, answer ?? this.#failure('failed')));
    worker.on('error', () => this.#end(running, this.#failure('failed')));
    worker.on('exit', () => this.#end(running, this.#failure('failed')));
    return running;
  }

  /** Looks again and again: Node-RED itself may have had no turn, with the answer here and not read. */
  #watch(running: Running, askedAt: bigint): void {
    const { limitMs } = this.#options;
    this.#timer = setTimeout(() => {
      const startedAt = Atomics.load(running.clock, 0);
      const triedMs = startedAt === 0n ? 0 : msSince(startedAt);
      if (triedMs >= limitMs || msSince(askedAt) > startWithinMs) this.#end(running, this.#failure('late'));
      else this.#watch(running, askedAt);
    }, limitMs / 2);
  }

  #settle(running: Running, outcome: Answer | PatternFailure): void {
    if (this.#running !== running) return;
    const { resolve, reject } = this.#current ?? {};
    this.#current = undefined;
    if (outcome instanceof PatternFailure) reject?.(outcome);
    else resolve?.(outcome);
    this.#next();
  }

  #end(running: Running, failure: PatternFailure): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    void running.worker.terminate();
    const { reject } = this.#current ?? {};
    this.#current = undefined;
    reject?.(failure);
    this.#next();
  }

  /** A thread with nothing to do keeps no process alive, and ends after a while. */
  #rest(): void {
    const running = this.#running;
    if (!running) return;
    running.worker.unref();
    this.#timer = setTimeout(() => this.#end(running, this.#failure('failed')), this.#options.idleMs).unref();
  }

  #failure(reason: PatternFailure['reason']): PatternFailure {
    return new PatternFailure(reason, this.#options.limitMs);
  }
}

function msSince(moment: bigint): number {
  return Number(process.hrtime.bigint() - moment) / 1e6;
}

/** The one of the process. */
export const timeBox = new TimeBox({ limitMs: 50, maxWaiting: 200, maxWaitingChars: 20_000_000, idleMs: 60_000 });
