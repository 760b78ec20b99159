/** What narrows a search by the metadata of documents. Read by the runtime and by the editor. */
import { parseBounded } from '../../core/bounded-json.ts';
import { LlmError } from '../../core/errors.ts';
import { isRecord } from '../../core/request.ts';
import type { MetadataFilter, Scalar } from '../store/store.ts';

/**
 * An object, or its JSON text, as environment variables have it. What is missing filters nothing.
 * @throws LlmError `invalid_request` for anything but an object of values, or of lists of values
 */
export function readFilter(value: unknown): MetadataFilter | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const given = typeof value === 'string' ? parse(value) : value;
  if (!isRecord(given) || !Object.values(given).every((entry) => isScalar(entry) || (Array.isArray(entry) && entry.every(isScalar)))) {
    throw new LlmError('invalid_request', 'The filter is no object of values.', { hint: 'For example {"language": "en", "year": [2025, 2026]}.' });
  }
  return given as MetadataFilter;
}

function parse(text: string): unknown {
  try {
    return parseBounded(text, { what: 'The filter' });
  } catch {
    return undefined;
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
