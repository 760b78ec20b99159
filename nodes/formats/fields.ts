/** The fields of a client's body, by the names of its API. */
import { LlmError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { checkSettings, type RequestSettings } from '../core/request.ts';

/** What an API calls the settings that the palette knows. */
export type FieldNames = Readonly<Record<string, keyof RequestSettings>>;

/** Where some API has a prompt. A flow sees the prompt and may decide by it: none may reach the provider beside it. */
const promptFields: readonly string[] = [
  'messages', 'prompt', 'system', 'input', 'instructions', 'documents', 'suffix', 'chat_template', 'functions', 'conversation', 'previous_response_id', 'thread',
];

/** How many answers are wanted: one request gives one, whatever the field's name. */
const countFields: readonly string[] = ['n', 'best_of', 'num_generations'];

export interface ReadSettings {
  readonly settings: RequestSettings;
  /** Fields that only this API knows. */
  readonly own: JsonObject;
}

/**
 * The settings in a body. `readElsewhere` are those of the API that are no settings, or are read by rules of their own.
 * @throws LlmError `invalid_request` that names the field
 */
export function readSettings(body: JsonObject, names: FieldNames, readElsewhere: readonly string[]): ReadSettings {
  const given = Object.entries(body).filter(([, value]) => isGiven(value));
  const known = given.filter(([name]) => Object.hasOwn(names, name));
  const own = given.filter(([name]) => !Object.hasOwn(names, name) && !readElsewhere.includes(name));
  for (const [name, value] of own) {
    if (promptFields.includes(name)) throw badField(name, `${name} has no place in this request.`);
    if (countFields.includes(name) && value !== 1) throw badField(name, `${name} must be 1: one request gives one answer.`);
  }
  const settings: RequestSettings = {};
  const from = new Map<string, string>();
  for (const [name, value] of known) {
    const setting = names[name] as keyof RequestSettings;
    const before = from.get(setting);
    if (before !== undefined && settings[setting] !== value) throw badField(name, `${name} and ${before} say the same thing twice, and differently.`);
    from.set(setting, name);
    Object.assign(settings, { [setting]: value });
  }
  checkSettings(settings, (setting) => from.get(setting) ?? setting);
  return { settings, own: Object.fromEntries(own.filter(([name]) => !countFields.includes(name))) };
}

/** @throws LlmError `invalid_request` */
export function readStreamField({ stream }: JsonObject): boolean {
  if (isGiven(stream) && typeof stream !== 'boolean') throw badField('stream', 'stream must be true or false.');
  return stream === true;
}

/** Null means that nothing was given. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function badField(field: string, message: string): LlmError {
  return new LlmError('invalid_request', message, { hint: `Correct ${field} in the request.` });
}
