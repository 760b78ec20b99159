/** How much memory reading one document may take on this machine. */
import { totalmem } from 'node:os';
import type { ReaderSettings } from './settings.ts';

export interface ReaderMemory {
  /** For JavaScript's objects and texts. */
  readonly heapMb: number;
  /** In all, with the bytes of the document and of what is unpacked from it. */
  readonly memoryMb: number;
}

/** A reader holds a document, a copy of it for a library, and its text. */
const copies = 3;
/** Below this no document can be read at all. */
const leastMb = 256;
/** Of the heap in all, so that something is left beside it. */
const heapShare = 0.75;

/** At most half of what the machine or its container has: Node-RED needs the other one. */
export function memoryFor({ maxMemoryMb, maxFileMb }: ReaderSettings, machineBytes = machineMemory()): ReaderMemory {
  const half = Math.max(leastMb, Math.floor(machineBytes / 2 / 1024 ** 2));
  const memoryMb = Math.min(maxMemoryMb + copies * maxFileMb, half);
  return { memoryMb, heapMb: Math.min(maxMemoryMb, Math.floor(memoryMb * heapShare)) };
}

/** A container's bound is the lower one; where there is none, it is told as 0 or as more than there is. */
function machineMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}
