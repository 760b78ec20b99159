/** A model server that says back the mark of each prompt, and fails in every way that a server or a network can. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from '../support/chance.ts';

export const faults = ['resetAtOnce', 'resetBefore', 'resetAfter', 'slow', 'rateLimit', 'unavailable', 'overloaded', 'garbage', 'html', 'cut', 'huge', 'hugeError', 'silent'] as const;
export type Fault = (typeof faults)[number];

/** What the whole answer to a prompt with this mark is: each word has the mark, so that no two answers can be mixed up. */
export function answerTo(mark: string): string {
  return `${wordsFor(mark).join(' ')} `;
}

const wordCount = 12;

function wordsFor(mark: string, count = wordCount): string[] {
  return Array.from({ length: count }, (_, at) => `${mark}.${at}`);
}

export class ChaosProvider {
  /** Of so many requests one meets a fault; Infinity for none. */
  faultOneIn = 2;
  /** Requests that have come and whose connection is still up to it. */
  open = 0;
  readonly met = new Map<Fault, number>();
  readonly #chance: Chance;
  readonly #server: Server;

  static async start(chance: Chance): Promise<ChaosProvider> {
    const provider = new ChaosProvider(chance);
    provider.#server.listen(0, '127.0.0.1');
    await once(provider.#server, 'listening');
    return provider;
  }

  private constructor(chance: Chance) {
    this.#chance = chance;
    this.#server = createServer((req, res) => {
      this.open++;
      res.once('close', () => this.open--);
      // A client that goes away in the middle is what is tried here.
      this.#answer(req, res).catch(() => res.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const fault = this.#chance.oneIn(this.faultOneIn) ? this.#chance.pick(faults) : undefined;
    if (fault) this.met.set(fault, (this.met.get(fault) ?? 0) + 1);
    if (fault === 'resetAtOnce') return void req.socket.resetAndDestroy();
    let body = '';
    for await (const piece of req.setEncoding('utf8')) body += String(piece);
    const mark = /mark-[\da-f]+/.exec(body)?.[0] ?? 'no-mark';
    await (req.url?.endsWith('/messages') ? new AnthropicAnswer(res, mark) : new OpenAiAnswer(res, mark)).send(fault, this.#chance);
  }
}

abstract class Answer {
  protected readonly res: ServerResponse;
  protected readonly mark: string;

  constructor(res: ServerResponse, mark: string) {
    this.res = res;
    this.mark = mark;
  }

  protected abstract first(): string;
  protected abstract word(text: string): string;
  protected abstract last(): string;
  protected abstract error(type: string): object;

  async send(fault: Fault | undefined, chance: Chance): Promise<void> {
    const { res } = this;
    const cutAt = 1 + chance.below(wordCount - 1);
    switch (fault) {
      case 'resetBefore':
        return void res.socket?.resetAndDestroy();
      case 'rateLimit':
        return this.#fail(429, 'rate_limit_error', { 'retry-after': String(chance.below(2)) });
      case 'unavailable':
        return this.#fail(503, 'service_unavailable');
      case 'overloaded':
        return this.#fail(529, 'overloaded_error');
      case 'html':
        return void res.writeHead(chance.pick([200, 502]), { 'content-type': 'text/html' }).end('<html><body>Bad gateway</body></html>');
      case 'hugeError':
        return void res.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: 'x'.repeat(2_000_000) } }));
      case 'silent':
        return;
      case 'garbage':
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        return void res.end(`${this.first()}data: {"choices": [{"delta": {"content": \n\n`);
      case 'resetAfter':
      case 'cut':
        await this.#stream(wordsFor(this.mark).slice(0, cutAt), 1);
        if (fault === 'cut') res.end();
        else res.socket?.resetAndDestroy();
        return;
      case 'huge':
        await this.#stream([...wordsFor(this.mark), ...wordsFor(this.mark, 5000)], 0);
        return void res.end(this.last());
      case 'slow':
      case undefined:
        await this.#stream(wordsFor(this.mark), fault === 'slow' ? 40 : chance.below(5));
        return void res.end(this.last());
      case 'resetAtOnce':
        return;
      default:
        return fault satisfies never;
    }
  }

  #fail(status: number, type: string, headers: Record<string, string> = {}): void {
    this.res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(this.error(type)));
  }

  async #stream(words: readonly string[], pauseMs: number): Promise<void> {
    this.res.writeHead(200, { 'content-type': 'text/event-stream' });
    this.res.write(this.first());
    for (const word of words) {
      if (this.res.destroyed) return;
      this.res.write(this.word(`${word} `));
      if (pauseMs > 0) await delay(pauseMs);
    }
  }
}

class OpenAiAnswer extends Answer {
  protected first(): string {
    return this.#chunk({ role: 'assistant', content: '' });
  }

  protected word(text: string): string {
    return this.#chunk({ content: text });
  }

  protected last(): string {
    return `${this.#chunk({}, 'stop')}data: [DONE]\n\n`;
  }

  protected error(type: string): object {
    return { error: { message: `On purpose: ${type}.`, type, code: type } };
  }

  #chunk(delta: object, finish_reason: string | null = null): string {
    return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  }
}

class AnthropicAnswer extends Answer {
  protected first(): string {
    const message = { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } };
    return event({ type: 'message_start', message }) + event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  }

  protected word(text: string): string {
    return event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
  }

  protected last(): string {
    const delta = { stop_reason: 'end_turn', stop_sequence: null };
    return event({ type: 'content_block_stop', index: 0 }) + event({ type: 'message_delta', delta, usage: { output_tokens: 12 } }) + event({ type: 'message_stop' });
  }

  protected error(type: string): object {
    return { type: 'error', error: { type, message: `On purpose: ${type}.` } };
  }
}

function event(data: { type: string; [property: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
