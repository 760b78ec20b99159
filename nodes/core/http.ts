/**
 * HTTP for the servers that we speak to ourselves: undici's dispatcher without its streams, which costs a third of `request`.
 * No hidden time limits: the attempt's own timers abort.
 */
import { setImmediate } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { type Connections, type KeptConnection, keptConnections, type TrackedOptions } from './connections.ts';
import type { Headers } from './retry-after.ts';

export interface HttpRequest {
  connections: Connections;
  method: 'GET' | 'POST';
  /** The whole address. */
  url: string;
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  onConnected?: (() => void) | undefined;
  /** Called where another connection must be made first. */
  onReconnecting?: (() => void) | undefined;
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

/** Connections without limits of their own. Idle ones end before a llama.cpp server ends them (5 s). */
export function createConnections(): Connections {
  const unlimited = { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 0 };
  return {
    kept: new Agent({ ...unlimited, keepAliveTimeout: 4_000, pipelining: 1, factory: keptConnections }),
    fresh: new Agent({ ...unlimited, pipelining: 0 }),
  };
}

/** Resolves when the response's head is there. It and the body fail with the explained network error, or the signal's reason. */
export function openHttp(request: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(request, resolve, reject);
    if (!request.signal.aborted) exchange.send(request.connections.kept);
  });
}

/** How many bytes may wait for their reader before the socket is paused. */
const highWaterMark = 64 * 1024;

/** One answer gives so many bytes in one turn of the event loop: a server that floods us holds up nobody else. */
const bytesPerTurn = 64 * 1024;

/** How a connection fails that the other side has closed. */
const closed: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** A server that closes a kept connection just as a request comes shows it within a round trip; one that closes it later has begun to work. */
const closedUnreadWithinMs = 1_000;

/** One request and its answer: undici's handler on one side, an async iterator of chunks on the other. */
class Exchange implements Dispatcher.DispatchHandler, AsyncIterableIterator<Buffer> {
  #controller: Dispatcher.DispatchController | undefined;
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #bytesInTurn = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  #connection: KeptConnection | undefined;
  /** Of the sending under way: when it began, and what had come over its connection by then. */
  #sent = { at: 0, bytesRead: 0, overUsed: false };
  #isSentAgain = false;
  readonly #request: HttpRequest;
  readonly #signal: AbortSignal;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #onConnected: (() => void) | undefined;
  readonly #onHeard: (() => void) | undefined;
  readonly #explain: (error: Error) => Error;

  constructor(request: HttpRequest, resolve: (response: HttpResponse) => void, reject: (error: Error) => void) {
    const { signal, onConnected, onHeard, explain } = request;
    this.#request = request;
    this.#signal = signal;
    this.#onConnected = onConnected;
    this.#onHeard = onHeard;
    this.#explain = explain;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  send(dispatcher: Dispatcher): void {
    const { method, url, headers = {}, body = null } = this.#request;
    const { origin, pathname, search } = new URL(url);
    const onConnection = (connection: KeptConnection) => (this.#connection = connection);
    const options: TrackedOptions = { origin, path: pathname + search, method, headers, body, onConnection };
    dispatcher.dispatch(options, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#error) {
      controller.abort(this.#error);
      return;
    }
    const { bytesRead = 0, hasServed = false } = this.#connection ?? {};
    this.#sent = { at: performance.now(), bytesRead, overUsed: hasServed };
    this.#onConnected?.();
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
    this.#connection?.served();
    this.#settle();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#wasClosedUnread(error)) this.#sendAgain();
    else this.#settle(this.#error ?? this.#explain(error));
  }

  /**
   * A server may close a kept connection at any time, also just as a request comes (RFC 9112, 9.3.1 and 9.5). That nobody has read
   * the request cannot be known for certain; a connection that has served before, ends at once and without a byte is taken for it.
   * At worst a server that died of the request gets it once more, as with every retry.
   */
  #wasClosedUnread(error: Error): boolean {
    if (this.#ended || this.#error || this.#isSentAgain || !this.#sent.overUsed || !closed.has((error as { code?: unknown }).code)) return false;
    return this.#connection?.bytesRead === this.#sent.bytesRead && performance.now() - this.#sent.at < closedUnreadWithinMs;
  }

  #sendAgain(): void {
    this.#isSentAgain = true;
    this.#controller = undefined;
    this.#connection = undefined;
    this.#request.onReconnecting?.();
    this.send(this.#request.connections.fresh);
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
