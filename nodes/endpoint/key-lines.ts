/**
 * The keys of an endpoint. Those that a person has typed stand in a credential, one a line, `name: key`; of those that are made here the flow
 * file has what tells them, and not the keys. Read by the runtime and by the editor.
 */
import { isUnsetVariable } from '../core/access.ts';
import { isRecord } from '../core/json.ts';

export interface NamedKey {
  readonly name: string;
  readonly key: string;
}

/** Whatever stands in the lines, each cut at its first colon. One without a colon may be a key: it gets no name. */
export function splitKeys(text: string): NamedKey[] {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  return lines.map((line) => {
    const colon = line.indexOf(':');
    return { name: line.slice(0, Math.max(colon, 0)).trim(), key: line.slice(colon + 1).trim() };
  });
}

export function joinKeys(keys: readonly NamedKey[]): string {
  return keys.map(({ name, key }) => `${name}: ${key}`).join('\n');
}

export function isKeyName(name: string): boolean {
  return /^[^:\s](?:[^:\r\n]*[^:\s])?$/.test(name);
}

/** What may stand in a header, and is no variable that nobody has set. */
export function isKey(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key) && !isUnsetVariable(key);
}

/** A key that was made here: of 256 random bits no table helps to find it by its hash. */
export interface HashedKey {
  readonly name: string;
  /** Of the key's letters, in hexadecimal digits. */
  readonly sha256: string;
}

/** What stands in the flow file. @throws RangeError for what is no row, or two of one name */
export function readHashedKeys(given: unknown): HashedKey[] {
  if (given === undefined || given === null || given === '') return [];
  if (!Array.isArray(given)) throw new RangeError('clientKeys must be a list.');
  const rows = given.map((row: unknown) => {
    const { name, sha256 } = isRecord(row) ? row : {};
    return { name: typeof name === 'string' ? name.trim() : '', sha256: typeof sha256 === 'string' ? sha256.trim().toLowerCase() : '' };
  });
  if (!rows.every(({ name, sha256 }) => isKeyName(name) && /^[0-9a-f]{64}$/.test(sha256))) throw new RangeError('A row of the generated keys has no name, or no hash.');
  const twice = nameTwice(rows);
  if (twice !== undefined) throw new RangeError(`Two generated keys have the name ${twice}.`);
  return rows;
}

/** A name that stands twice. */
export function nameTwice(rows: ReadonlyArray<{ readonly name: string }>): string | undefined {
  return rows.find(({ name }, index) => rows.findIndex((other) => other.name === name) < index)?.name;
}
