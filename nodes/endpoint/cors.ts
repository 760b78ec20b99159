/** Cross-origin requests: which pages in a browser may ask an endpoint that is not their own server (WHATWG Fetch, 3.2). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { anyOrigin } from './settings.ts';

const allowedHeaders = ['authorization', 'content-type', 'x-api-key', 'x-request-id', 'user-agent', 'anthropic-version', 'anthropic-beta'];

/** What the clients of OpenAI and Anthropic send of their own. */
const allowedPrefixes = /^(?:x-stainless-|anthropic-|openai-)[a-z0-9-]{1,64}$/;

const exposedHeaders = 'x-request-id, x-llm-backend, x-llm-attempts, retry-after, retry-after-ms, x-should-retry';

/** For how long a browser need not ask again, in s: Chrome keeps it no longer. */
const maxAgeS = '7200';

export class Cors {
  readonly origins: readonly string[];

  /** Without origins it is off, and pages of other origins get nothing. */
  constructor(origins: readonly string[]) {
    this.origins = origins;
  }

  /** Whether the page that asks is one of those that may; of a request that comes from no page it says nothing. */
  allows(origin: string | undefined): boolean {
    return this.#allowed(origin) !== undefined;
  }

  /** Says in the headers of the answer what a browser may do with it. True where the request only asks for that, and is answered. */
  answers({ method, headers }: IncomingMessage, res: ServerResponse): boolean {
    if (this.origins.length === 0) return false;
    const allowed = this.#allowed(headers.origin);
    // The answer to one origin must not be kept for another.
    if (!this.#isOpen) res.setHeader('vary', 'Origin');
    if (allowed !== undefined) res.setHeader('access-control-allow-origin', allowed);
    if (method !== 'OPTIONS') {
      if (allowed !== undefined) res.setHeader('access-control-expose-headers', exposedHeaders);
      return false;
    }
    if (allowed !== undefined) {
      res.setHeader('access-control-allow-methods', 'GET, POST');
      res.setHeader('access-control-allow-headers', headersFor(headers['access-control-request-headers']));
      res.setHeader('access-control-max-age', maxAgeS);
    }
    res.writeHead(204);
    res.end();
    return true;
  }

  get #isOpen(): boolean {
    return this.origins.includes(anyOrigin);
  }

  #allowed(origin: string | undefined): string | undefined {
    if (this.#isOpen) return anyOrigin;
    return origin !== undefined && this.origins.includes(origin.toLowerCase()) ? origin : undefined;
  }
}

/** Those that are always taken, and of the ones asked for those with a known beginning. */
function headersFor(asked: string | string[] | undefined): string {
  const names = String(asked ?? '').toLowerCase().split(',').map((name) => name.trim());
  return [...new Set([...allowedHeaders, ...names.filter((name) => allowedPrefixes.test(name))])].join(', ');
}
