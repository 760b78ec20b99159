/** Who comes in: keys are asked for, pages of other web sites are kept out, and only so many requests are open at once. */
import type { IncomingMessage } from 'node:http';
import type { Access } from '../core/access.ts';
import { LlmError } from '../core/errors.ts';
import { isCrossOrigin, isForeignHost } from '../core/same-origin.ts';
import type { Cors } from './cors.ts';
import type { Keys } from './keys.ts';
import { Refusal } from './status.ts';

export interface GateOptions {
  readonly access: Access;
  readonly keys: Keys;
  readonly cors: Cors;
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

  /** The name of the client's key; undefined where it has none and needs none. @throws Refusal */
  admit(req: Pick<IncomingMessage, 'headers' | 'method'>): string | undefined {
    const { access, keys } = this.#options;
    if (access === 'closed') throw new Refusal(503, 'unavailable', 'This endpoint asks for a key, and it has none: nobody can come in.', 'Whoever runs it gives it keys in the node, or lets everybody in.');
    const name = keys.nameOf(req.headers);
    if (name !== undefined) return name;
    if (access === 'keys') throw new Refusal(401, 'auth', 'The API key is missing or wrong.', 'Send it as Authorization: Bearer … or as x-api-key.');
    this.#refusePages(req);
    return undefined;
  }

  /** Where nobody needs a key, each web site that a person looks at could ask in their name. */
  #refusePages(req: Pick<IncomingMessage, 'headers' | 'method'>): void {
    const { cors } = this.#options;
    if (cors.allows(req.headers.origin)) return;
    if (isCrossOrigin(req)) {
      throw new Refusal(403, 'auth', 'Pages of other web sites may not ask this endpoint.', 'Name the site in Other origins of the endpoint, or give the endpoint keys.');
    }
    if (isForeignHost(req.headers, cors.origins)) {
      throw new Refusal(403, 'auth', 'A browser asks this endpoint by a name that is not known to be its own.', 'Name its own address in Other origins of the endpoint, such as http://gateway.example.com, serve it over https, or give it keys.');
    }
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
