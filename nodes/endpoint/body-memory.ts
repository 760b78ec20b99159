/** What all bodies together may take that are on their way in: many clients that send much must not end the process. */
import { totalmem } from 'node:os';
import type { NodeAPI } from 'node-red';

const mebibyte = 1024 * 1024;

/** Enough for many images at once; of a small machine no more than an eighth. */
const mostBytes = 512 * mebibyte;

export class BodyMemory {
  maxBytes: number;
  #used = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes memory for a body that has `own` bytes of it already; false where it is used up. A body that is alone has what it needs: it has a bound of its own. */
  take(bytes: number, own: number): boolean {
    if (this.#used > own && this.#used + bytes > this.maxBytes) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

const known = new WeakMap<object, BodyMemory>();

/** The one of the process; `llm.bodiesMb` in Node-RED's settings file bounds it. */
export function bodyMemory({ events, settings }: Pick<NodeAPI, 'events' | 'settings'>): BodyMemory {
  let memory = known.get(events);
  if (!memory) known.set(events, (memory = new BodyMemory(0)));
  memory.maxBytes = readBound(settings);
  return memory;
}

function readBound(settings: object): number {
  const { llm } = settings as { llm?: { bodiesMb?: unknown } };
  if (typeof llm?.bodiesMb === 'number' && llm.bodiesMb > 0) return llm.bodiesMb * mebibyte;
  // Of a container it is the container's; 0 where nothing bounds the process.
  const available = Math.min(process.constrainedMemory() || Infinity, totalmem());
  return Math.min(available / 8, mostBytes);
}
