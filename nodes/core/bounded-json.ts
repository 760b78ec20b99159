/**
 * JSON from outside, read within bounds. A value takes far more memory and time than its bytes: 20 MB of `[{},{},…]` are seven million objects,
 * and to build them takes seconds in which nobody else is served. So the values are counted before any is built, byte by byte and in linear time.
 *
 * - A text, or bytes that are there as a whole: `parseBounded(text, { what: 'The answer', kind: 'server' })`.
 * - What comes in pieces: `new JsonScan({ what: 'The body' })`, `add` for each piece as it comes, which throws with the piece that is too much, and
 *   `parseScanned` for all of them at the end. A piece of 64 KiB takes a fraction of a millisecond.
 * - What is an object already: `checkBounds(value, { what: 'msg.payload' })`.
 */
import { type FailureKind, LlmError } from './errors.ts';

export interface JsonBounds {
  /** What the JSON is, at the beginning of a sentence. */
  readonly what: string;
  /** What it is a failure of; `invalid_request` where a client or a flow sent it. */
  readonly kind?: FailureKind;
  /** None where nothing is said: who collects the bytes bounds them. */
  readonly bytes?: number;
  /** Members of objects and elements of lists; an empty object or list counts as one more. */
  readonly values?: number;
  readonly depth?: number;
}

/** A thousand tools with fifty values each are half of it. The worst of such texts, with as many different names, is built in a tenth of a second. */
export const maxValues = 100_000;

/** Deeper than any schema; what walks through a value by recursion must not run out of stack. */
export const maxDepth = 200;

/** Also where there is no Buffer: the editor reads some of this. */
const encoder = new TextEncoder();

/** @throws LlmError that names the bound, or says that it is no JSON */
export function parseBounded(json: string | Uint8Array, bounds: JsonBounds): unknown {
  new JsonScan(bounds).add(json);
  return parseScanned(json, bounds);
}

/** What a {@link JsonScan} has let through. @throws LlmError for what is no JSON in UTF-8 */
export function parseScanned(json: string | Uint8Array, { what, kind = 'invalid_request' }: JsonBounds): unknown {
  try {
    return JSON.parse(typeof json === 'string' ? json : new TextDecoder('utf-8', { fatal: true }).decode(json)) as unknown;
  } catch {
    throw new LlmError(kind, `${what} is no JSON.`, { hint: 'It must be JSON in UTF-8.' });
  }
}

/** Counts what JSON holds as it comes. What is no JSON is let through: the parser says so. */
export class JsonScan {
  readonly #bounds: Required<JsonBounds>;
  #bytes = 0;
  #values = 0;
  #depth = 0;
  #isInText = false;
  #isEscaped = false;

  constructor(bounds: JsonBounds) {
    this.#bounds = withDefaults(bounds);
  }

  /** Pieces may cut anything, also a character. @throws LlmError that names the bound */
  add(piece: string | Uint8Array): void {
    const bytes = typeof piece === 'string' ? encoder.encode(piece) : piece;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bounds.bytes) throw tooLarge(this.#bounds);
    const deepest = this.#count(bytes);
    if (deepest > this.#bounds.depth) throw tooDeep(this.#bounds);
    if (this.#values > this.#bounds.values) throw tooMany(this.#bounds);
  }

  /** Returns how deep it gets. In UTF-8 no byte of a longer character looks like one of these. */
  #count(bytes: Uint8Array): number {
    let [values, depth, isInText] = [this.#values, this.#depth, this.#isInText];
    let deepest = depth;
    let at = this.#isEscaped ? 1 : 0;
    while (at < bytes.length) {
      if (isInText) {
        at = endOfText(bytes, at);
        if (at >= bytes.length) break;
        isInText = false;
      } else {
        const byte = bytes[at];
        if (byte === quote) isInText = true;
        else if (byte === comma) values++;
        else if (byte === openList || byte === openObject) {
          values++;
          if (++depth > deepest) deepest = depth;
        } else if (byte === closeList || byte === closeObject) depth--;
      }
      at++;
    }
    [this.#values, this.#depth, this.#isInText, this.#isEscaped] = [values, depth, isInText, at > bytes.length];
    return deepest;
  }
}

/** Where the quote is that ends a text; behind the bytes where there is none, and one further where the byte that comes next is escaped. */
function endOfText(bytes: Uint8Array, from: number): number {
  let at = from;
  let nextQuote = -1;
  for (;;) {
    const near = Math.min(at + nearBytes, bytes.length);
    while (at < near && bytes[at] !== quote && bytes[at] !== backslash) at++;
    if (at >= bytes.length || bytes[at] === quote) return at;
    if (bytes[at] === backslash) {
      at += 2;
      continue;
    }
    if (nextQuote < at) nextQuote = orEnd(bytes, bytes.indexOf(quote, at));
    const slash = bytes.subarray(at, nextQuote).indexOf(backslash);
    at = slash === -1 ? nextQuote : at + slash;
  }
}

function orEnd({ length }: Uint8Array, at: number): number {
  return at === -1 ? length : at;
}

/** So far a text is looked through byte by byte; to let the system look takes a while to begin, and is ten times as fast then. */
const nearBytes = 64;

const quote = 0x22;
const comma = 0x2c;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/**
 * The same bounds for a value that a flow has made; one that holds itself is too deep. Texts cost nothing.
 * @throws LlmError that names the bound
 */
export function checkBounds(value: unknown, bounds: JsonBounds): void {
  if (typeof value !== 'object' || value === null) return;
  const within = withDefaults(bounds);
  let left = within.values;
  const walk = (inner: object, levels: number): void => {
    if (levels === 0) throw tooDeep(within);
    // As JSON the bytes would stand one by one.
    const items: readonly unknown[] = Array.isArray(inner) ? inner : ArrayBuffer.isView(inner) ? [] : Object.values(inner);
    left -= Math.max(1, ArrayBuffer.isView(inner) ? inner.byteLength : items.length);
    if (left < 0) throw tooMany(within);
    for (const item of items) if (typeof item === 'object' && item !== null) walk(item, levels - 1);
  };
  walk(value, within.depth);
}

function withDefaults(bounds: JsonBounds): Required<JsonBounds> {
  return { kind: 'invalid_request', bytes: Infinity, values: maxValues, depth: maxDepth, ...bounds };
}

function tooLarge({ what, kind, bytes }: Required<JsonBounds>): LlmError {
  return new LlmError(kind, `${what} is larger than ${Math.round(bytes / 1024).toLocaleString('en-US')} KiB.`);
}

function tooMany({ what, kind, values }: Required<JsonBounds>): LlmError {
  return new LlmError(kind, `${what} holds more than ${values.toLocaleString('en-US')} values.`, { hint: 'Each element of a list and each field of an object is one: send fewer at once.' });
}

function tooDeep({ what, kind, depth }: Required<JsonBounds>): LlmError {
  return new LlmError(kind, `${what} is nested more than ${depth} levels deep.`);
}
