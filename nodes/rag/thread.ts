/**
 * Typed calls to methods that run in a worker thread, so that Node-RED's event loop never waits for them.
 * Failures keep their kind and hint on the way; a thread that dies fails the calls under way, and the next call gets a new one.
 */
import { parentPort, type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';
import { type FailureCause, isLlmError, LlmError } from '../core/errors.ts';

/** By name; arguments and results are cloned on their way. An `async` one may overlap with the next call. */
export type Methods<Of> = Record<keyof Of, (...args: never[]) => unknown>;

export interface ThreadOptions {
  /** What runs in the thread: it calls {@link answerCalls}. See {@link siblingFile}. */
  readonly file: URL;
  /** What it is, for errors and for a debugger: "The reader of documents". */
  readonly name: string;
  /** Plain data that the file finds as `workerData`. */
  readonly data?: unknown;
  readonly resourceLimits?: ResourceLimits;
  /** The thread ends when nothing was asked for so long, until the next call; none or 0: it stays. */
  readonly idleMs?: number;
}

export interface CallOptions {
  /** After this the thread is ended, and with it every call under way; none or 0: no limit. */
  readonly timeoutMs?: number;
  /** Moved to the thread instead of copied. */
  readonly transfer?: readonly Transferable[];
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: { readonly message: string; readonly cause: FailureCause } });

interface Call {
  readonly resolve: (value: never) => void;
  readonly reject: (error: LlmError) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

interface Running {
  readonly worker: Worker;
  readonly calls: Map<number, Call>;
}

/** A thread that starts with the first call. `Of` is the type of the object that its file gives to {@link answerCalls}. */
export class Thread<Of extends Methods<Of>> {
  readonly #options: ThreadOptions;
  #running: Running | undefined;
  #idle: NodeJS.Timeout | undefined;
  #asked = 0;
  #isClosed = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /**
   * @throws LlmError what the method threw; `server` where that is no LlmError, or the thread died; `out_of_memory` beyond its
   * limits; `timeout` after `timeoutMs`; `cancelled` once it is closed
   */
  call<Name extends keyof Of & string>(name: Name, args: Parameters<Of[Name]>, { timeoutMs, transfer = [] }: CallOptions = {}): Promise<Awaited<ReturnType<Of[Name]>>> {
    if (this.#isClosed) return Promise.reject(this.#closed());
    const running = (this.#running ??= this.#start());
    return new Promise((resolve, reject) => {
      const question: Question = { id: this.#asked++, name, args };
      running.worker.postMessage(question, transfer);
      running.worker.ref();
      clearTimeout(this.#idle);
      const timer = timeoutMs ? setTimeout(() => void this.#end(running, this.#late(timeoutMs)), timeoutMs) : undefined;
      running.calls.set(question.id, { resolve, reject, timer });
    });
  }

  /** Ends the thread at once; calls under way fail with `cancelled`. Wait for them first where they matter. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#running) await this.#end(this.#running, this.#closed());
  }

  #start(): Running {
    const { file, name, data, resourceLimits } = this.#options;
    const worker = new Worker(file, { name, workerData: data, ...(resourceLimits && { resourceLimits }) });
    const running: Running = { worker, calls: new Map() };
    worker.on('message', (reply: Reply) => this.#settle(running, reply));
    worker.on('messageerror', () => void this.#end(running, this.#died()));
    worker.on('error', (error) => void this.#end(running, isOutOfMemory(error) ? this.#outOfMemory() : this.#died()));
    worker.on('exit', () => void this.#end(running, this.#died()));
    return running;
  }

  #settle({ worker, calls }: Running, reply: Reply): void {
    const call = calls.get(reply.id);
    if (!call) return;
    calls.delete(reply.id);
    clearTimeout(call.timer);
    if (calls.size === 0) {
      // A thread with nothing to do keeps no process alive.
      worker.unref();
      this.#waitIdle();
    }
    if ('value' in reply) call.resolve(reply.value as never);
    else call.reject(toError(reply.failure));
  }

  #waitIdle(): void {
    const { idleMs } = this.#options;
    if (!idleMs || this.#isClosed) return;
    this.#idle = setTimeout(() => void (this.#running && this.#end(this.#running, this.#died())), idleMs).unref();
  }

  async #end(running: Running, error: LlmError): Promise<void> {
    if (this.#running === running) {
      this.#running = undefined;
      clearTimeout(this.#idle);
    }
    for (const { reject, timer } of running.calls.values()) {
      clearTimeout(timer);
      reject(error);
    }
    running.calls.clear();
    await running.worker.terminate();
  }

  #died(): LlmError {
    return new LlmError('server', `${this.#options.name} ended unexpectedly.`, { hint: 'Try again; where it comes back, please report it with the Node-RED log.' });
  }

  #outOfMemory(): LlmError {
    const limit = this.#options.resourceLimits?.maxOldGenerationSizeMb;
    return new LlmError('out_of_memory', `${this.#options.name} needed more memory than ${limit ? `${limit} MB` : 'it has'}.`);
  }

  #late(timeoutMs: number): LlmError {
    return new LlmError('timeout', `${this.#options.name} took longer than ${timeoutMs} ms.`);
  }

  #closed(): LlmError {
    return new LlmError('cancelled', `${this.#options.name} is closed.`);
  }
}

/** A file beside `importMeta.url`, by its name without the ending: TypeScript in the sources, JavaScript where they are built. */
export function siblingFile(importMetaUrl: string, name: string): URL {
  return new URL(importMetaUrl.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, importMetaUrl);
}

/** To be called once, in a worker thread: answers each call with the method of that name. */
export function answerCalls<Of extends Methods<Of>>(methods: Of): void {
  const port = parentPort;
  if (!port) throw new TypeError('This file runs in a worker thread only.');
  port.on('message', ({ id, name, args }: Question) => {
    const post = (value: unknown) => port.postMessage({ id, value } satisfies Reply, takeTransfers(value));
    const fail = (error: unknown) => port.postMessage({ id, failure: toFailure(error) } satisfies Reply);
    // What cannot be cloned fails in `post`.
    void (async () => post(await methods[name as keyof Of](...(args as never[]))))().catch(fail);
  });
}

const transfers = new WeakMap<object, readonly Transferable[]>();

/** A method's result of which some parts are moved instead of copied. */
export function moving<Value extends object>(value: Value, parts: readonly Transferable[]): Value {
  transfers.set(value, parts);
  return value;
}

function takeTransfers(value: unknown): readonly Transferable[] {
  return typeof value === 'object' && value !== null ? (transfers.get(value) ?? []) : [];
}

/** What is not ours may hold anything in its message: only its name is told. */
function toFailure(error: unknown): { message: string; cause: FailureCause } {
  const name = error instanceof Error ? error.name : typeof error;
  const known = isLlmError(error) ? error : new LlmError('server', `A worker thread failed unexpectedly (${name}).`, { hint: 'Please report it with the Node-RED log.' });
  const { message, hint, cause } = known;
  return { message: hint ? message.slice(0, -hint.length - 1) : message, cause };
}

function toError({ message, cause: { kind, ...details } }: { message: string; cause: FailureCause }): LlmError {
  return new LlmError(kind, message, details);
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
