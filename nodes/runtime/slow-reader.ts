/** Slow readers of an answer hold up whoever writes it. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Writes a piece. The promise, where there is one, resolves when the reader is up to date, or has gone. */
export function write(res: ServerResponse, text: string): void | Promise<void> {
  if (text === '' || res.destroyed || res.writableEnded || res.write(text)) return undefined;
  return drained(res);
}

async function drained(res: ServerResponse): Promise<void> {
  const gone = new AbortController();
  const close = () => gone.abort();
  res.once('close', close);
  await once(res, 'drain', { signal: gone.signal }).catch(() => undefined);
  res.off('close', close);
}
