/** Collects the bytes of a body: so many, in so much time, with so much memory, and it ends whatever becomes of the client. */
import type { IncomingMessage } from 'node:http';
import { LlmError } from '../core/errors.ts';
import type { BodyMemory } from './body-memory.ts';
import { Refusal } from './status.ts';
import { duration } from '../core/units.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** How long it may stand still. What has come gives more time at the {@link slowestRate}. */
  readonly timeoutMs: number;
  readonly memory: BodyMemory;
}

/** In bytes a ms: who is slower only wants to keep the place. */
const slowestRate = 8;

/**
 * `look` sees each piece as it comes, and may refuse it.
 * @throws LlmError, of `look` too; {@link Refusal} with a status of its own
 */
export function collectBody(req: IncomingMessage, limits: BodyLimits, look: (piece: Buffer) => void): Promise<Buffer> {
  const { maxBytes } = limits;
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  // It began before the endpoint was there, and another reader of Node-RED's has it.
  if (req.readableDidRead) return Promise.reject(new Refusal(503, 'unavailable', 'The endpoint was not there yet when the request began.', 'Send the request again.', 0));
  if (req.destroyed) return Promise.reject(gone());
  return new Collecting(req, limits, look).bytes;
}

class Collecting {
  readonly bytes: Promise<Buffer>;
  readonly #limits: BodyLimits;
  readonly #look: (piece: Buffer) => void;
  readonly #pieces: Buffer[] = [];
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout;
  readonly #resolve: (bytes: Buffer) => void;
  readonly #reject: (failure: unknown) => void;
  #lastAt = this.#startedAt;
  #size = 0;
  #isOver = false;

  constructor(req: IncomingMessage, limits: BodyLimits, look: (piece: Buffer) => void) {
    this.#limits = limits;
    this.#look = look;
    ({ promise: this.bytes, resolve: this.#resolve, reject: this.#reject } = Promise.withResolvers<Buffer>());
    this.#timer = setTimeout(() => this.#check(), limits.timeoutMs);
    // What comes after a failure is read and thrown away: a client that still sends sees the answer only when it is through.
    req.on('data', (piece: Buffer) => this.#take(piece));
    req.once('end', () => this.#end(() => this.#resolve(this.#whole())));
    req.once('error', () => this.#fail(gone()));
    req.once('close', () => this.#fail(gone()));
  }

  #take(piece: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#keep(piece);
    } catch (error) {
      this.#fail(error);
    }
  }

  #keep(piece: Buffer): void {
    const { maxBytes, memory } = this.#limits;
    if (this.#size + piece.length > maxBytes) throw tooLarge(maxBytes);
    this.#look(piece);
    if (!memory.take(piece.length, this.#size)) throw tooMuch();
    this.#pieces.push(piece);
    this.#size += piece.length;
    this.#lastAt = performance.now();
  }

  /** Whether it has stood still, or is too slow. */
  #check(): void {
    const { timeoutMs } = this.#limits;
    const leftMs = Math.min(this.#lastAt, this.#startedAt + this.#size / slowestRate) + timeoutMs - performance.now();
    if (leftMs > 0) this.#timer = setTimeout(() => this.#check(), leftMs);
    else this.#fail(new Refusal(408, 'timeout', 'The body took too long.', `Send it without pauses of ${duration(timeoutMs)}, or raise the bound of the endpoint.`));
  }

  #whole(): Buffer {
    const [first] = this.#pieces;
    return first && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces, this.#size);
  }

  #fail(failure: unknown): void {
    this.#end(() => this.#reject(failure));
  }

  #end(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    settle();
    this.#pieces.length = 0;
    this.#limits.memory.give(this.#size);
  }
}

function tooLarge(maxBytes: number): LlmError {
  return new Refusal(413, 'invalid_request', `The body is larger than ${Math.round(maxBytes / 1024)} KiB.`, 'Send less, or raise the bound of the endpoint.');
}

function tooMuch(): LlmError {
  return new LlmError('shed', 'Too much is being sent at once.', { retryAfterMs: 1_000, hint: 'Wait until other requests have been read, or raise llm.bodiesMb in the settings file of Node-RED.' });
}

function gone(): LlmError {
  return new LlmError('cancelled', 'The client went away while it sent the body.');
}
