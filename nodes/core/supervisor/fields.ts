/** The fields of a server that is run here, with their defaults and bounds. Read by the runtime and by the editor. */
import { type NumberBounds, readNumber } from '../fields.ts';
import type { LimitField } from '../limits.ts';

export const runFields = {
  /** How long it stays without requests; 0 for ever. */
  idleStopMinutes: { value: 0, min: 0, max: 10_080 },
  /** Starts after crashes in a row, before it is given up. */
  maxRestarts: { value: 5, min: 0, max: 1_000 },
  /** How long a request waits for the server to be ready; 0 sends it on at once. */
  waitForStartMs: { value: 120_000, min: 0, max: 86_400_000 },
} as const satisfies Record<string, LimitField>;

/** When it is started: with the flows, or by the first request. */
export const startChoices = ['deploy', 'use'] as const;

/** A field that becomes an argument. */
export type NumberArgument = NumberBounds & { readonly flag: string };

/** The arguments of the fields that are not empty. @throws RangeError that names the field */
export function numberArguments(fields: Readonly<Record<string, unknown>>, table: Readonly<Record<string, NumberArgument>>): string[] {
  return Object.entries(table).flatMap(([name, { flag, ...bounds }]) => {
    const value = readNumber(name, fields[name], bounds);
    return value === undefined ? [] : [flag, String(value)];
  });
}

/** One argument a line, as it is but for blanks around it; empty lines are left out. */
export function readArguments(text: unknown): string[] {
  return linesOf(text).filter((line) => line !== '');
}

/**
 * One NAME=value a line; empty lines and those that start with # are left out.
 * @throws RangeError that names the line by its number: what stands in it may be a secret
 */
export function readEnvironment(text: unknown): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [index, line] of linesOf(text).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = variable.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new RangeError(`Line ${index + 1} of the environment is no NAME=value.`);
    env[name] = value;
  }
  return env;
}

const variable = /^([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)$/;

function linesOf(text: unknown): string[] {
  return (typeof text === 'string' ? text : '').split('\n').map((line) => line.trim());
}
