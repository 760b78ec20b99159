/** One hash for all that is spread by a text: sticky sessions, shares of traffic. */
import { hash } from 'node:crypto';

/** The first 48 bits of the text's SHA-1 as a number in [0, 1): evenly spread, and the same on every machine and in every version. */
export function hashToUnit(text: string): number {
  return hash('sha1', text, 'buffer').readUIntBE(0, 6) / 2 ** 48;
}
