/** For the law of formats: what was read is written as it was, but for what says nothing. */

/** The value without members that are null, undefined or empty, as JSON has it. */
export function saying(value: unknown): unknown {
  return prune(JSON.parse(JSON.stringify(value)) as unknown);
}

function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, inner]) => [name, prune(inner)] as const);
  return Object.fromEntries(members.filter(([, inner]) => !isEmpty(inner)));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
