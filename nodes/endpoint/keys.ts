/** The keys by which clients are known. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type HashedKey, isKey, isKeyName, type NamedKey, nameTwice, splitKeys } from './key-lines.ts';

/** @throws RangeError for a line that is none of `name: key`, or two of one name */
export function readKeys(text: string | undefined): NamedKey[] {
  const keys = splitKeys(text ?? '');
  if (!keys.every(({ name, key }) => isKeyName(name) && isKey(key))) throw new RangeError('A line of the keys is not of the form name: key.');
  const twice = nameTwice(keys);
  if (twice !== undefined) throw new RangeError(`Two keys have the name ${twice}.`);
  return keys;
}

export class Keys {
  readonly #hashes: ReadonlyArray<{ name: string; hash: Buffer }>;

  /** A name may stand in both: who has an old key and a new one is the same client. */
  constructor(typed: readonly NamedKey[], hashed: readonly HashedKey[] = []) {
    this.#hashes = [
      ...typed.map(({ name, key }) => ({ name, hash: hashOf(key) })),
      ...hashed.map(({ name, sha256 }) => ({ name, hash: Buffer.from(sha256, 'hex') })),
    ];
  }

  /** False where nobody could send a right one. */
  get areThere(): boolean {
    return this.#hashes.length > 0;
  }

  /** Whose key the headers hold; undefined where it is nobody's. Takes as long for every key. */
  nameOf(headers: IncomingHttpHeaders): string | undefined {
    const key = keyIn(headers);
    if (!key) return undefined;
    const given = hashOf(key);
    let found: string | undefined;
    for (const { name, hash } of this.#hashes) if (timingSafeEqual(hash, given)) found = name;
    return found;
  }
}

/** `Authorization: Bearer …`, or Anthropic's `x-api-key`. */
function keyIn({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): string | undefined {
  const [, bearer] = /^Bearer\s+(\S+)$/i.exec(authorization ?? '') ?? [];
  return bearer ?? (typeof apiKey === 'string' ? apiKey : undefined);
}

/** Of one length, as a comparison in constant time needs it. */
function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
