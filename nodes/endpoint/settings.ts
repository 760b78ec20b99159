/** The settings of an endpoint, with their defaults and bounds. Read by the runtime and by the editor. */
import { readHttpPath, readNumber } from '../core/fields.ts';
import { isRecord } from '../core/json.ts';
import { type LimitField, limitFields, readerStall } from '../core/limits.ts';

export const endpointFields = {
  /** The largest body that is taken; images make them large. */
  maxBodyKb: { value: 20_480, min: 1, max: 1_048_576 },
  /** How long a body may stand still on its way in. */
  bodyTimeoutMs: { value: 30_000, min: 100, max: 3_600_000 },
  /** How long a stream may be silent before a comment says that the answer is still to come; 0 for never. */
  heartbeatMs: { value: 5_000, min: 0, max: 3_600_000 },
  timeoutMs: limitFields.totalTimeoutMs,
  readerStallMs: readerStall,
  /** Requests at once, in all and for each key; 0 for any number. */
  maxOpen: { value: 1_000, min: 0, max: 1_000_000 },
  maxOpenPerKey: { value: 0, min: 0, max: 1_000_000 },
} as const satisfies Record<string, LimitField>;

export type EndpointField = keyof typeof endpointFields;

export const defaultPath = '/v1';

/** @throws RangeError that names the field */
export function readEndpointField(name: EndpointField, given: unknown): number {
  const { value, min, max } = endpointFields[name];
  return readNumber(name, given, { min, max, integer: true }) ?? value;
}

/** @throws RangeError */
export function readPath(given: unknown): string {
  return readHttpPath('path', given, defaultPath);
}

/** A model that clients may ask for. */
export interface OfferedModel {
  readonly name: string;
  /** What the backends are asked for; empty leaves each with its own. */
  readonly model: string;
}

/** @throws RangeError for two of one name, and for rows without any: an empty list lets every name in */
export function readModels(given: unknown): OfferedModel[] {
  if (given !== undefined && given !== null && given !== '' && !Array.isArray(given)) throw new RangeError('models must be a list.');
  const models = (Array.isArray(given) ? given : []).filter(isRecord).map(({ name, model }) => ({ name: String(name ?? '').trim(), model: String(model ?? '').trim() }));
  const named = models.filter(({ name }) => name !== '');
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) < index);
  if (twice) throw new RangeError(`Two models have the name ${twice.name}.`);
  if (named.length === 0 && models.some(({ model }) => model !== '')) throw new RangeError('No row of the models has the name that clients ask for.');
  return named;
}

/** Every page, wherever it comes from. */
export const anyOrigin = '*';

/**
 * The origins whose pages may ask: `*`, or some, separated by commas or blanks. None where nothing is given.
 * @throws RangeError for what is no origin
 */
export function readOrigins(given: unknown): string[] {
  const origins = String(given ?? '').split(/[\s,]+/).filter((origin) => origin !== '').map(readOrigin);
  return [...new Set(origins)];
}

/** As browsers write it: in small letters, without a path, without the port that goes without saying. */
function readOrigin(given: string): string {
  if (given === anyOrigin) return given;
  const origin = given.toLowerCase().replace(/\/$/, '');
  // Apps have schemes of their own, such as tauri://localhost.
  const isOrigin = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/.test(origin) && URL.canParse(origin);
  if (!isOrigin) throw new RangeError('cors must be * or origins such as https://chat.example.com.');
  return /^https?:/.test(origin) ? new URL(origin).origin : origin;
}
