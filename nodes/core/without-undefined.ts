/** The facts that are known: those that are undefined are left out. */
export function withoutUndefined<Facts extends object>(facts: Facts): Known<Facts> {
  const known: Partial<Facts> = {};
  // Made with each request: no array of entries comes in between.
  for (const name in facts) if (facts[name] !== undefined) known[name] = facts[name];
  return known as unknown as Known<Facts>;
}

/** What may be undefined may be missing instead. */
type Known<Facts> = { [Name in keyof Facts as undefined extends Facts[Name] ? never : Name]: Facts[Name] } & {
  [Name in keyof Facts as undefined extends Facts[Name] ? Name : never]?: Exclude<Facts[Name], undefined>;
};
