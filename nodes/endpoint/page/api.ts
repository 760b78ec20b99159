/** The public API of the endpoint, as this page uses it. */
import type { Message } from './conversation.ts';
import { SseReader, type StreamItem } from './sse.ts';
import { type FailedDelta, readErrorBody, readModels } from './wire.ts';

export interface Question {
  model: string;
  messages: Message[];
  temperature?: number;
}

export class ApiError extends Error {
  /** What the request adds to its answer. */
  readonly delta: FailedDelta;

  constructor(delta: FailedDelta) {
    super(delta.failure.message);
    this.delta = delta;
  }

  get needsKey(): boolean {
    return this.delta.failure.status === 401;
  }
}

export class Api {
  readonly base: string;
  readonly #key: () => string;

  /** @param base the address that paths are added to, with a slash at its end */
  constructor(base: string, key: () => string) {
    this.base = base;
    this.#key = key;
  }

  /** @throws ApiError */
  async models(): Promise<string[]> {
    const response = await this.#fetch('models', {});
    return readModels(await response.text().catch(() => ''));
  }

  /**
   * The items of a streamed answer, as they come.
   * @throws ApiError; the reason of the signal once that is aborted
   */
  async *ask({ model, messages, temperature }: Question, signal: AbortSignal): AsyncGenerator<StreamItem[]> {
    const response = await this.#fetch('chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...(model !== '' && { model }),
        messages,
        stream: true,
        stream_options: { include_usage: true },
        ...(temperature !== undefined && { temperature }),
      }),
      signal,
    });
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('text/event-stream') || !response.body) {
      throw failed(`The server answered with ${type || 'nothing'} instead of a stream. Is there a proxy in between?`);
    }
    yield* readStream(response.body, signal);
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const key = this.#key();
    const headers = { ...(init.headers as Record<string, string>), ...(key !== '' && { authorization: `Bearer ${key}` }) };
    let response: Response;
    try {
      response = await fetch(this.base + path, { ...init, headers });
    } catch (error) {
      init.signal?.throwIfAborted();
      throw notReached(error, this.base);
    }
    if (response.ok) return response;
    const body = await response.text().catch(() => '');
    throw new ApiError(readErrorBody(body, response.status) ?? unexplained(response));
  }
}

async function* readStream(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<StreamItem[]> {
  // Not `for await`: Safari's streams have no iterator yet.
  const source = body.getReader();
  const reader = new SseReader();
  try {
    for (;;) {
      const { done, value } = await source.read();
      if (done) break;
      yield reader.feed(value);
    }
    yield reader.end();
  } catch (error) {
    signal.throwIfAborted();
    throw failed(`The connection broke before the answer was complete (${nameOf(error)}).`);
  } finally {
    // Who has read enough ends the request with it.
    void source.cancel().catch(() => undefined);
  }
}

function notReached(error: unknown, base: string): ApiError {
  return failed(`Nothing answers at ${base} (${nameOf(error)}). Is Node-RED running, and is this device online?`);
}

function unexplained({ status, statusText }: Response): FailedDelta {
  const hint = status === 404 ? ' Is the endpoint still in the flow, and deployed?' : '';
  return { failure: { message: `The server answered with ${`${status} ${statusText}`.trim()}.${hint}`, status } };
}

function failed(message: string): ApiError {
  return new ApiError({ failure: { message } });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown reason';
}
