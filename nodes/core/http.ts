/**
 * HTTP for the servers that we speak to ourselves: undici's dispatcher without its streams, which costs a third of `request`.
 * No hidden time limits: the attempt's own timers abort.
 */
import { setImmediate } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import type { Headers } from './retry-after.ts';

export interface HttpRequest {
  dispatcher: Dispatcher;
  method: 'GET' | 'POST';
  /** The whole address. */
  url: string;
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  onConnected?: (() => void) | undefined;
  /** Called with the head and with each chunk of the answer. */
  onHeard?: (() => void) | undefined;
  /** Turns a network error into the one to throw. */
  explain: (error: Error) => Error;
}

export interface HttpResponse {
  status: number;
  headers: Headers;
  /** May be read once. Leaving the loop early closes the connection. */
  body: AsyncIterable<Buffer>;
}

/** A connection pool without limits of its own. Idle connections end before a llama.cpp server ends them (5 s). */
export function createAgent(): Agent {
  return new Agent({ headersTimeout: 0, bodyTimeout: 0, connectTimeout: 0, keepAliveTimeout: 4_000, pipelining: 1 });
}

/** Resolves when the response's head is there. It and the body fail with the explained network error, or the signal's reason. */
export function openHttp(request: HttpRequest): Promise<HttpResponse> {
  const { dispatcher, method, url, headers, body } = request;
  const { origin, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(request, resolve, reject);
    if (request.signal.aborted) return;
    dispatcher.dispatch({ origin, path: pathname + search, method, headers: headers ?? {}, body: body ?? null }, exchange);
  });
}

/** The whole body as text. */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** JSON where the text is JSON, else the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** How many bytes may wait for their reader before the socket is paused. */
const highWaterMark = 64 * 1024;

/** One answer gives so many bytes in one turn of the event loop: a server that floods us holds up nobody else. */
const bytesPerTurn = 64 * 1024;

/** One request and its answer: undici's handler on one side, an async iterator of chunks on the other. */
class Exchange implements Dispatcher.DispatchHandler, AsyncIterableIterator<Buffer> {
  #controller: Dispatcher.DispatchController | undefined;
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #bytesInTurn = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #signal: AbortSignal;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #onConnected: (() => void) | undefined;
  readonly #onHeard: (() => void) | undefined;
  readonly #explain: (error: Error) => Error;

  constructor({ signal, onConnected, onHeard, explain }: HttpRequest, resolve: (response: HttpResponse) => void, reject: (error: Error) => void) {
    this.#signal = signal;
    this.#onConnected = onConnected;
    this.#onHeard = onHeard;
    this.#explain = explain;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#error) controller.abort(this.#error);
    else this.#onConnected?.();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#onHeard?.();
    if (status >= 200) this.#resolve({ status, headers, body: this });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#onHeard?.();
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    if (this.#bufferedBytes > highWaterMark) controller.pause();
    this.#wakeReader();
  }

  onResponseEnd(): void {
    this.#settle();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle(this.#error ?? this.#explain(error));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    for (;;) {
      if (this.#signal.aborted && !this.#ended) throw this.#signal.reason;
      if (this.#bytesInTurn >= bytesPerTurn) await this.#nextTurn();
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#bytesInTurn += chunk.length;
        this.#bufferedBytes -= chunk.length;
        if (this.#controller?.paused && this.#bufferedBytes <= highWaterMark / 2) this.#controller.resume();
        return { value: chunk, done: false };
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return { value: undefined, done: true };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The bytes are not counted anew where the reader waits for more: the next ones may come in the same turn. */
  async #nextTurn(): Promise<void> {
    this.#bytesInTurn = 0;
    await setImmediate();
  }

  /** The reader has left the loop: nobody wants the rest. */
  return(): Promise<IteratorResult<Buffer, undefined>> {
    if (!this.#ended) this.#abort(new Error('The reader left before the end of the answer.'));
    return Promise.resolve({ value: undefined, done: true });
  }

  readonly #onAbort = () => this.#abort(this.#signal.reason as Error);

  #abort(reason: Error): void {
    this.#error = reason;
    // Before the connection stands there is no controller yet: onRequestStart then aborts.
    this.#controller?.abort(reason);
    this.#settle(reason);
  }

  #settle(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (error) {
      this.#error = error;
      this.#reject(error);
    }
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
