/** SHA-256 (FIPS 180-4): a browser gives its own only to pages that came by https or from its own machine, and few editors do. */

/** Of the text in UTF-8, in hexadecimal digits. */
export function sha256(text: string): string {
  const state = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const bytes = padded(new TextEncoder().encode(text));
  for (let at = 0; at < bytes.byteLength; at += 64) mix(state, new DataView(bytes.buffer, at, 64));
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
}

const primes = firstPrimes(64);

/** The constants of the rounds. */
const constants = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));

/** A one, zeros, and the length in bits, so that whole blocks come out. */
function padded(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  bytes.set(message);
  bytes[message.length] = 0x80;
  new DataView(bytes.buffer).setBigUint64(bytes.length - 8, BigInt(message.length) * 8n);
  return bytes;
}

function mix(state: Uint32Array, block: DataView): void {
  const schedule = new Uint32Array(64);
  const word = (at: number) => schedule[at] ?? 0;
  for (let at = 0; at < 64; at++) {
    schedule[at] = at < 16 ? block.getUint32(at * 4) : word(at - 16) + sum(word(at - 15), 7, 18, 3) + word(at - 7) + sum(word(at - 2), 17, 19, 10);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let at = 0; at < 64; at++) {
    const first = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + (constants[at] ?? 0) + word(at);
    const second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  for (const [at, value] of [a, b, c, d, e, f, g, h].entries()) state[at] = (state[at] ?? 0) + value;
}

function sum(word: number, first: number, second: number, shift: number): number {
  return (turn(word, first) ^ turn(word, second) ^ (word >>> shift)) >>> 0;
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** The first 32 bits behind the point. */
function fraction(number: number): number {
  return Math.floor((number - Math.floor(number)) * 2 ** 32);
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  return found;
}
