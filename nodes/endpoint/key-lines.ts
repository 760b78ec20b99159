/** The credential that holds an endpoint's keys: one a line, `name: key`. Read by the runtime and by the editor. */

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

/** What may stand in a header. */
export function isKey(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}

/** A name that stands twice. */
export function nameTwice(rows: ReadonlyArray<{ readonly name: string }>): string | undefined {
  return rows.find(({ name }, index) => rows.findIndex((other) => other.name === name) < index)?.name;
}
