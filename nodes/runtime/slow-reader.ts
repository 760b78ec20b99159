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

/** Those whose reader was given up. */
const givenUp = new WeakSet<ServerResponse>();

/**
 * Ends the connection of a reader that takes nothing for so long while something waits for it; 0 for never. The socket's own
 * timer tells: it goes by what the network takes, so that a slow reader of a large piece is not one that stands still.
 */
export function boundReader(res: ServerResponse, stallMs: number): void {
  if (stallMs === 0) return;
  res.setTimeout(stallMs);
  // Without a listener Node.js would end a connection that has nothing to read yet.
  res.on('timeout', () => {
    if (res.writableLength === 0) return;
    givenUp.add(res);
    res.destroy();
  });
}

/** Whether the connection ended because of it. */
export function hasStoodStill(res: ServerResponse): boolean {
  return givenUp.has(res);
}
