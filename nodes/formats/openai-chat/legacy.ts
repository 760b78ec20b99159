/** Functions, which tools have replaced in 2023: they had no ids, and one could be called at a time. */

/** The id of the call of a function that has none, the same for its result. */
export function legacyId(name: string): string {
  return `function_${name}`;
}
