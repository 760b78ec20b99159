/** Methods in a worker thread of Node-RED's process. Its memory is not bounded where it inflates or allocates at once: see `process.ts`. */
import { parentPort, type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';
import { answer, type CallOptions, type Host, type HostEvents, type Methods, type Question, Remote, type RemoteOptions, type Reply } from './remote.ts';

export { siblingFile } from './remote.ts';

export interface ThreadOptions extends Omit<RemoteOptions, 'memoryMb'> {
  /** What runs in the thread: it calls {@link answerCalls}. See {@link siblingFile}. */
  readonly file: URL;
  /** Plain data that the file finds as `workerData`. */
  readonly data?: unknown;
  readonly resourceLimits?: ResourceLimits;
}

interface Sending {
  /** Moved to the thread instead of copied. */
  readonly transfer?: readonly Transferable[];
}

/** A thread that starts with the first call. `Of` is the type of the object that its file gives to {@link answerCalls}. */
export class Thread<Of extends Methods<Of>> extends Remote<Of, Sending> {
  constructor(options: ThreadOptions) {
    super({ ...options, memoryMb: options.resourceLimits?.maxOldGenerationSizeMb }, (events) => startWorker(options, events));
  }

  override call<Name extends keyof Of & string>(name: Name, args: Parameters<Of[Name]>, options: CallOptions & Sending = {}): Promise<Awaited<ReturnType<Of[Name]>>> {
    return super.call(name, args, options);
  }
}

function startWorker({ file, name, data, resourceLimits }: ThreadOptions, { onReply, onEnd }: HostEvents): Host<Sending> {
  const worker = new Worker(file, { name, workerData: data, ...(resourceLimits && { resourceLimits }) });
  worker.on('message', (reply: Reply) => onReply(reply));
  worker.on('messageerror', () => onEnd('unexpected'));
  worker.on('error', (error) => onEnd(isOutOfMemory(error) ? 'out of memory' : 'unexpected'));
  worker.on('exit', () => onEnd('unexpected'));
  return {
    post: (question, { transfer = [] }) => worker.postMessage(question, transfer),
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    end: async () => {
      await worker.terminate();
    },
  };
}

/** To be called once, in a worker thread: answers each call with the method of that name. */
export function answerCalls<Of extends Methods<Of>>(methods: Of): void {
  const port = parentPort;
  if (!port) throw new TypeError('This file runs in a worker thread only.');
  const post = (reply: Reply) => port.postMessage(reply, 'value' in reply ? takeTransfers(reply.value) : []);
  port.on('message', (question: Question) => void answer(methods, question, post));
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

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
