/** The answer to a request of the editor, as lines of JSON that leave as it comes. */
import type { ServerResponse } from 'node:http';
import type { Completion, StreamPart, TokenSink } from '../../core/completion.ts';
import { type LlmError, toLlmError } from '../../core/errors.ts';
import { readerStall } from '../../core/limits.ts';
import type { LlmMessage } from '../../runtime/calls.ts';
import type { Asked } from '../../runtime/llm-nodes.ts';
import { boundReader, write } from '../../runtime/slow-reader.ts';
import type { TrialLine } from './api.ts';

export class TrialStream implements TokenSink {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
    boundReader(res, readerStall.value);
    res.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
  }

  write(parts: readonly StreamPart[]): void | Promise<void> {
    const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    return text === '' ? undefined : this.#send({ type: 'text', text });
  }

  restart(): void | Promise<void> {
    return this.#send({ type: 'restart' });
  }

  /** Never rejects: what fails is told as a line. */
  async tell({ id, answer }: Asked): Promise<void> {
    void this.#send({ type: 'begin', id });
    const last = await answer.then(endOf, (error: unknown) => failOf(toLlmError(error)));
    if (!this.#res.destroyed) this.#res.end(lineOf(last));
  }

  #send(line: TrialLine): void | Promise<void> {
    return write(this.#res, lineOf(line));
  }
}

function lineOf(line: TrialLine): string {
  return `${JSON.stringify(line)}\n`;
}

function endOf({ completion, payload }: LlmMessage): TrialLine {
  if (!completion) return { type: 'fail', error: 'server', message: 'The flow gave an answer without a completion.' };
  const { text, backend, model, usage, cost, timing }: Completion = completion;
  // Of embeddings there is no text.
  return { type: 'end', text: text || (typeof payload === 'string' ? payload : ''), backend: backend.name, model, usage, ...(cost && { cost }), ms: timing.totalMs };
}

function failOf({ kind, whatHappened, hint }: LlmError): TrialLine {
  return { type: 'fail', error: kind, message: whatHappened, ...(hint !== undefined && { hint }) };
}
