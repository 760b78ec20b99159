/** An answer on its way to a client as server-sent events (HTML Living Standard, 9.2): tokens, heartbeats, one end. */
import type { ServerResponse } from 'node:http';
import type { Completion, StreamPart, TokenSink } from '../core/completion.ts';
import type { LlmError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { StreamWriter } from '../formats/format.ts';
import { write } from '../runtime/slow-reader.ts';

const heartbeat = ': waiting\n\n';

export class EventStream implements TokenSink {
  readonly #res: ServerResponse;
  readonly #writer: StreamWriter;
  readonly #heartbeat: NodeJS.Timeout | undefined;

  /** Until the first token a failure can still have a status: headers leave with that token, or with the first heartbeat. */
  constructor(res: ServerResponse, writer: StreamWriter, heartbeatMs: number) {
    this.#res = res;
    this.#writer = writer;
    if (heartbeatMs > 0) this.#heartbeat = setTimeout(() => this.#beat(), heartbeatMs);
  }

  /** True once a status of its own would come too late. */
  get hasBegun(): boolean {
    return this.#res.headersSent;
  }

  /** The promise of a slow reader holds the provider back. */
  write(parts: readonly StreamPart[]): void | Promise<void> {
    return this.#send(this.#begun(parts) + this.#writer.parts(parts));
  }

  /** `llm` is what the format has no field for. */
  end(completion: Completion, llm?: JsonObject): void {
    clearTimeout(this.#heartbeat);
    this.#res.end(this.#begun() + this.#writer.end(completion, llm));
  }

  /** Of a stream that has begun. `llm` is what the format has no field for. */
  fail(failure: LlmError, llm?: JsonObject): void {
    clearTimeout(this.#heartbeat);
    this.#res.end(this.#writer.fail(failure, llm));
  }

  /** The client went away, or gets an answer with a status instead. */
  close(): void {
    clearTimeout(this.#heartbeat);
  }

  #begun(parts: readonly StreamPart[] = []): string {
    if (this.#res.headersSent) return '';
    this.#res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    return this.#writer.begin(parts);
  }

  #send(text: string): void | Promise<void> {
    if (text !== '' && !this.#res.writableEnded) this.#heartbeat?.refresh();
    return write(this.#res, text);
  }

  #beat(): void {
    this.#heartbeat?.refresh();
    // A reader that is behind needs no sign of life.
    if (!this.#res.writableNeedDrain) this.#res.write(this.#begun() + heartbeat);
  }
}
