/** Ends its process where that takes too much memory, or where nobody waits for it any more. Runs in a thread of that process. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

/** At some 2 GB/s, as fast as memory is filled, it goes 100 MB beyond the bound at most. */
const intervalMs = 50;

const { maxBytes, parent } = workerData as { maxBytes: number; parent: number };

setInterval(() => {
  if (process.memoryUsage.rss() > maxBytes) end('out of memory');
  if (!isThere(parent)) end('nobody waits');
}, intervalMs);

function end(why: string): void {
  try {
    writeSync(2, `${why}\n`);
  } catch {
    // Nobody reads it any more.
  }
  process.kill(process.pid, 'SIGKILL');
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
