/** The name of what a store holds: of its file, or of its tables. Read by the runtime and by the editor. */

export const defaultCollection = 'knowledge';

const names = /^[a-z][a-z0-9_]{0,39}$/;

/** @throws RangeError for what is no name of a file and a table everywhere */
export function readCollection(given: unknown): string {
  const name = String(given ?? '').trim() || defaultCollection;
  if (!names.test(name)) throw new RangeError('collection must begin with a small letter, followed by small letters, digits or underscores, at most 40 in all.');
  return name;
}
