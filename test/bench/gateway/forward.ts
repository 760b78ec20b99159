/** What a proxy cannot do without: forward a JSON body with undici, pipe the answer back. */
import type { ServerResponse } from 'node:http';
import { Pool } from 'undici';

export type Forward = (body: unknown, res: ServerResponse) => void;

/** To the provider at this address, below a prefix of its paths. */
export function forwardTo(provider: string, prefix = ''): Forward {
  const pool = new Pool(provider, { connections: null, headersTimeout: 0, bodyTimeout: 0 });
  return (body, res) => {
    pool
      .request({ path: `${prefix}/v1/chat/completions`, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      .then(({ statusCode, headers, body: answer }) => {
        res.writeHead(statusCode, { 'content-type': String(headers['content-type']) });
        answer.pipe(res);
      })
      .catch((error: unknown) => res.writeHead(502).end(String(error)));
  };
}
