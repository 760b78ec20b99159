/**
 * Environment variables in settings. Node-RED puts the value in the place of a text `${NAME}`, also within lists and objects, and
 * leaves the text as it is where there is no such variable. Runs in browsers, too.
 */
import { LlmError } from './errors.ts';

/** As Node-RED has it: nothing else may stand in the text. */
const reference = /^\$(?:\{(\S+)\}|\((\S+)\))$/;

/** The name of the variable that a setting consists of. */
export function variableIn(setting: unknown): string | undefined {
  const [, braced, bracketed] = (typeof setting === 'string' && reference.exec(setting)) || [];
  return braced ?? bracketed;
}

/** What stands in every node's configuration and is no setting. */
const noSettings: ReadonlySet<string> = new Set(['id', 'type', 'z', 'g', 'x', 'y', 'name', 'info', 'wires', 'd', 'l', 'outputLabels', 'inputLabels']);

/** @throws LlmError `misconfigured` that names the first variable which is not set, and where it stands */
export function refuseUnset(config: object): void {
  for (const [property, setting] of Object.entries(config)) if (!noSettings.has(property)) refuseIn(setting, property);
}

export function notSet(variable: string, property: string): LlmError {
  return new LlmError('misconfigured', `The environment variable ${variable}, which ${property} names, is not set.`, {
    hint: 'Set it where Node-RED is started, or open the node and correct it.',
  });
}

function refuseIn(setting: unknown, path: string): void {
  const variable = variableIn(setting);
  if (variable !== undefined) throw notSet(variable, path);
  if (typeof setting !== 'object' || setting === null || Object.getPrototypeOf(setting) !== (Array.isArray(setting) ? Array.prototype : Object.prototype)) return;
  for (const [name, inner] of Object.entries(setting)) refuseIn(inner, Array.isArray(setting) ? `${path}[${name}]` : `${path}.${name}`);
}
