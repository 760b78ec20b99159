/** Who comes in: keys are asked for, and only so many requests are open at once. */
import type { IncomingHttpHeaders } from 'node:http';
import { LlmError } from '../core/errors.ts';
import type { Keys } from './keys.ts';
import { Refusal } from './status.ts';

export interface GateOptions {
  readonly keys: Keys;
  /** 0 means no bound. */
  readonly maxOpen: number;
  readonly maxOpenPerKey: number;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #openOf = new Map<string, number>();
  #open = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** The name of the client's key; undefined where none are asked for. @throws Refusal */
  nameOf(headers: IncomingHttpHeaders): string | undefined {
    const { keys } = this.#options;
    if (!keys.areAsked) return undefined;
    const name = keys.nameOf(headers);
    if (name === undefined) throw new Refusal(401, 'auth', 'The API key is missing or wrong.', 'Send it as Authorization: Bearer … or as x-api-key.');
    return name;
  }

  /** Returns the function that lets the next one in. @throws LlmError `shed` */
  enter(client = ''): () => void {
    const { maxOpen, maxOpenPerKey } = this.#options;
    const own = this.#openOf.get(client) ?? 0;
    if ((maxOpen > 0 && this.#open >= maxOpen) || (maxOpenPerKey > 0 && own >= maxOpenPerKey)) {
      throw new LlmError('shed', 'Too many requests are open.', { retryAfterMs: 1_000, hint: 'Wait for their answers, or raise the bound of the endpoint.' });
    }
    this.#open++;
    this.#openOf.set(client, own + 1);
    return () => this.#leave(client);
  }

  #leave(client: string): void {
    this.#open--;
    const left = (this.#openOf.get(client) ?? 1) - 1;
    if (left > 0) this.#openOf.set(client, left);
    else this.#openOf.delete(client);
  }
}
