/** Reading what stands in a flow file: anything may be there, for people write flows by hand. */

export interface NumberBounds {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
}

/**
 * A number, or its text as an editor's field gives it. Undefined where it is missing or empty.
 * @throws RangeError that names the field
 */
export function readNumber(name: string, given: unknown, { min, max, integer = false }: NumberBounds): number | undefined {
  if (given === undefined || given === null || given === '') return undefined;
  const number = typeof given === 'number' || typeof given === 'string' ? Number(given) : NaN;
  if (!(number >= min && number <= max) || (integer && !Number.isInteger(number))) {
    throw new RangeError(`${name} must be a ${integer ? 'whole ' : ''}number from ${min} to ${max}.`);
  }
  return number;
}

/**
 * A path on Node-RED's HTTP port: one or more parts of letters, digits, dots, dashes and underscores.
 * @throws RangeError that names the field
 */
export function readHttpPath(name: string, given: unknown, otherwise: string): string {
  const path = `/${String(given ?? '').trim() || otherwise}`.replace(/\/{2,}/g, '/').replace(/\/$/, '');
  if (!/^(\/[\w.-]+)+$/.test(path)) throw new RangeError(`${name} must be something like ${otherwise}.`);
  return path;
}

/**
 * One of a few words; the first is the default.
 * @throws RangeError that names the field
 */
export function readChoice<Choice extends string>(name: string, given: unknown, choices: readonly [Choice, ...Choice[]]): Choice {
  if (given === undefined || given === '') return choices[0];
  const known = choices.find((choice) => choice === given);
  if (!known) throw new RangeError(`${name} must be one of ${choices.filter((choice) => choice !== '').join(', ')}.`);
  return known;
}
