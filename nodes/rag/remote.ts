/**
 * Typed calls to methods that run outside of Node-RED's event loop, in a thread or in a process. Failures keep their kind and hint on
 * the way; where what runs them ends, the calls under way fail, and the next call starts it anew.
 */
import { type FailureCause, isLlmError, LlmError } from '../core/errors.ts';
import { duration } from '../core/units.ts';

/** By name; arguments and results are cloned on their way. An `async` one may overlap with the next call. */
export type Methods<Of> = Record<keyof Of, (...args: never[]) => unknown>;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

export type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: { readonly message: string; readonly cause: FailureCause } });

/** What runs the methods. `Sending` is what it can do for a single call. */
export interface Host<Sending> {
  /** Resolves when it has come up: the time of calls counts from then. Absent where that takes no time to speak of. */
  readonly ready?: Promise<void>;
  post(question: Question, sending: Sending): void;
  /** Whether it keeps Node-RED's process alive: only while it has something to do. */
  hold(isBusy: boolean): void;
  /** Ends it at once, and resolves when it is gone. */
  end(): Promise<void>;
}

/** How it came to its end by itself. */
export type End = 'out of memory' | 'unexpected' | { readonly notStarted: string };

export interface HostEvents {
  readonly onReply: (reply: Reply) => void;
  readonly onEnd: (end: End) => void;
}

export interface RemoteOptions {
  /** What it is, for errors and for a debugger: "The reader of documents". */
  readonly name: string;
  /** What it may use, to be told where it has used more. */
  readonly memoryMb?: number | undefined;
  /** It ends when nothing was asked for so long, until the next call; none or 0: it stays. */
  readonly idleMs?: number;
  /** After so many calls, or so long at work, it makes room for a fresh one; none: it stays. */
  readonly renewAfter?: { readonly calls: number; readonly busyMs: number };
}

export interface CallOptions {
  /** After this it is ended, and with it every call under way; none or 0: no limit. */
  readonly timeoutMs?: number;
}

interface Call {
  readonly resolve: (value: never) => void;
  readonly reject: (error: LlmError) => void;
  timer: NodeJS.Timeout | undefined;
}

interface Running<Sending> {
  readonly host: Host<Sending>;
  readonly calls: Map<number, Call>;
  asked: number;
  busySince: number;
  busyMs: number;
}

/** It starts with the first call. `Of` is the type of the methods that it runs. */
export class Remote<Of extends Methods<Of>, Sending extends object> {
  readonly #options: RemoteOptions;
  readonly #start: (events: HostEvents) => Host<Sending>;
  #running: Running<Sending> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #asked = 0;
  #isClosed = false;

  constructor(options: RemoteOptions, start: (events: HostEvents) => Host<Sending>) {
    this.#options = options;
    this.#start = start;
  }

  /**
   * @throws LlmError what the method threw; `server` where that is no LlmError, or its host died; `out_of_memory` beyond its
   * limits; `unavailable` where the host does not start; `timeout` after `timeoutMs`; `cancelled` once it is closed
   */
  call<Name extends keyof Of & string>(name: Name, args: Parameters<Of[Name]>, options: CallOptions & Sending): Promise<Awaited<ReturnType<Of[Name]>>> {
    const { timeoutMs } = options;
    if (this.#isClosed) return Promise.reject(this.#closed());
    const running = (this.#running ??= this.#begin());
    return new Promise((resolve, reject) => {
      const question: Question = { id: this.#asked++, name, args };
      running.host.post(question, options);
      if (running.calls.size === 0) running.busySince = performance.now();
      running.asked++;
      running.host.hold(true);
      clearTimeout(this.#idle);
      const call: Call = { resolve, reject, timer: undefined };
      running.calls.set(question.id, call);
      const limit = () => {
        if (timeoutMs && running.calls.has(question.id)) call.timer = setTimeout(() => void this.#end(running, this.#late(timeoutMs)), timeoutMs);
      };
      if (running.host.ready) void running.host.ready.then(limit);
      else limit();
    });
  }

  /** Ends it at once; calls under way fail with `cancelled`. Wait for them first where they matter. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#running) await this.#end(this.#running, this.#closed());
  }

  #begin(): Running<Sending> {
    const host = this.#start({
      onReply: (reply) => this.#settle(running, reply),
      onEnd: (end) => void this.#end(running, this.#ended(end)),
    });
    const running: Running<Sending> = { host, calls: new Map(), asked: 0, busySince: 0, busyMs: 0 };
    return running;
  }

  #settle(running: Running<Sending>, reply: Reply): void {
    const { host, calls } = running;
    const call = calls.get(reply.id);
    if (!call) return;
    calls.delete(reply.id);
    clearTimeout(call.timer);
    if (calls.size === 0) this.#rest(running, host);
    if ('value' in reply) call.resolve(reply.value as never);
    else call.reject(toError(reply.failure));
  }

  #rest(running: Running<Sending>, host: Host<Sending>): void {
    host.hold(false);
    running.busyMs += performance.now() - running.busySince;
    const { renewAfter } = this.#options;
    if (renewAfter && (running.asked >= renewAfter.calls || running.busyMs >= renewAfter.busyMs)) void this.#end(running, this.#closed());
    else this.#waitIdle();
  }

  #waitIdle(): void {
    const { idleMs } = this.#options;
    if (!idleMs || this.#isClosed) return;
    this.#idle = setTimeout(() => void (this.#running && this.#end(this.#running, this.#closed())), idleMs).unref();
  }

  async #end(running: Running<Sending>, error: LlmError): Promise<void> {
    if (this.#running === running) {
      this.#running = undefined;
      clearTimeout(this.#idle);
    }
    for (const { reject, timer } of running.calls.values()) {
      clearTimeout(timer);
      reject(error);
    }
    running.calls.clear();
    await running.host.end();
  }

  #ended(end: End): LlmError {
    const { name, memoryMb } = this.#options;
    if (end === 'out of memory') return new LlmError('out_of_memory', `${name} needed more memory than ${memoryMb ? `${memoryMb} MB` : 'it has'}.`);
    if (end === 'unexpected') return new LlmError('server', `${name} ended unexpectedly.`, { hint: 'Try again; where it comes back, please report it with the Node-RED log.' });
    return new LlmError('unavailable', `${name} cannot be started (${end.notStarted}).`, { hint: 'The machine may be short of memory or of processes: look at what else runs on it.' });
  }

  #late(timeoutMs: number): LlmError {
    return new LlmError('timeout', `${this.#options.name} took longer than ${duration(timeoutMs)}.`);
  }

  #closed(): LlmError {
    return new LlmError('cancelled', `${this.#options.name} is closed.`);
  }
}

/** Answers one question with the method of its name. Never rejects. */
export async function answer<Of extends Methods<Of>>(methods: Of, { id, name, args }: Question, post: (reply: Reply) => void): Promise<void> {
  try {
    // What cannot be cloned fails in `post`.
    post({ id, value: await methods[name as keyof Of](...(args as never[])) });
  } catch (error) {
    post({ id, failure: toFailure(error) });
  }
}

/** A file beside `importMeta.url`, by its name without the ending: TypeScript in the sources, JavaScript where they are built. */
export function siblingFile(importMetaUrl: string, name: string): URL {
  return new URL(importMetaUrl.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, importMetaUrl);
}

/** What is not ours may hold anything in its message: only its name is told. */
function toFailure(error: unknown): { message: string; cause: FailureCause } {
  const name = error instanceof Error ? error.name : typeof error;
  const known = isLlmError(error) ? error : new LlmError('server', `What runs beside Node-RED failed unexpectedly (${name}).`, { hint: 'Please report it with the Node-RED log.' });
  return { message: known.whatHappened, cause: known.cause };
}

function toError({ message, cause: { kind, ...details } }: { message: string; cause: FailureCause }): LlmError {
  return new LlmError(kind, message, details);
}
