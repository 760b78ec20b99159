/** The fields of a client's body, by the names of its API. */
import { LlmError } from '../../core/errors.ts';
import { checkSettings, type RequestSettings } from '../../core/request.ts';
import type { JsonObject } from './format.ts';

/** What an API calls the settings that the palette knows. */
export type FieldNames = Readonly<Record<string, keyof RequestSettings>>;

/** A flow sees the prompt and may decide by it: none may reach the provider beside it. */
const promptFields: readonly string[] = ['messages', 'prompt', 'system', 'input', 'instructions'];

/**
 * The settings in a body. Fields that nobody here knows go on to the provider as they are.
 * `readElsewhere` are those of the API that are no settings.
 * @throws LlmError `invalid_request` that names the field
 */
export function readFields(body: JsonObject, names: FieldNames, readElsewhere: readonly string[]): RequestSettings {
  const given = Object.entries(body).filter(([name, value]) => value !== undefined && value !== null && !readElsewhere.includes(name));
  const known = given.filter(([name]) => Object.hasOwn(names, name));
  const unknown = given.filter(([name]) => !Object.hasOwn(names, name));
  const misplaced = unknown.find(([name]) => promptFields.includes(name));
  if (misplaced) throw badField(misplaced[0], `${misplaced[0]} has no place in this request.`);
  const settings: RequestSettings = Object.fromEntries(known.map(([name, value]) => [names[name], value]));
  checkSettings(settings, (setting) => known.findLast(([name]) => names[name] === setting)?.[0] ?? setting);
  return { ...settings, ...(unknown.length > 0 && { extra: Object.fromEntries(unknown) }) };
}

/** @throws LlmError `invalid_request` */
export function readStreamField({ stream }: JsonObject): boolean {
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') throw badField('stream', 'stream must be true or false.');
  return stream === true;
}

export function badField(field: string, message: string): LlmError {
  return new LlmError('invalid_request', message, { hint: `Correct ${field} in the request.` });
}
