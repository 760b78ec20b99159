/** What narrows a search by the metadata of documents. Read by the runtime and by the editor. */
import { parseBounded } from '../../core/bounded-json.ts';
import { LlmError } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import type { MetadataFilter, Scalar } from '../store/store.ts';

/**
 * An object, or its JSON text, as environment variables have it. A filter is a guard: one that is missing or has no entry would leave
 * nothing out, so it fails.
 * @throws LlmError `misconfigured` for anything but an object of values, or of lists of values
 */
export function readFilter(value: unknown): MetadataFilter {
  if (value === undefined || value === null || value === '') throw noFilter('The filter has no value.');
  const given = typeof value === 'string' ? parse(value) : value;
  if (!isRecord(given) || !Object.values(given).every((entry) => (Array.isArray(entry) ? Array.from(entry as unknown[]).every(isScalar) : isScalar(entry)))) {
    throw new LlmError('misconfigured', 'The filter is no object of values.', { hint: 'For example {"language": "en", "year": [2025, 2026]}.' });
  }
  if (Object.keys(given).length === 0) throw noFilter('The filter is empty.');
  return given as MetadataFilter;
}

/** Of a filter that is set, but narrows nothing. */
export function noFilter(message: string): LlmError {
  return new LlmError('misconfigured', message, { hint: 'Nothing is searched without it. Look at where it comes from, such as the name of the client; where all documents may be found, leave the field empty.' });
}

function parse(text: string): unknown {
  try {
    return parseBounded(text, { what: 'The filter' });
  } catch {
    return undefined;
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}
