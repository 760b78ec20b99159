/** By which metadata a search is narrowed. */
import { LlmError } from '../../core/errors.ts';
import { isRecord } from '../../core/request.ts';
import type { MetadataFilter, Scalar } from '../store/store.ts';

/** What is missing filters nothing. @throws LlmError `invalid_request` for anything but an object of values, or of lists of values */
export function readFilter(given: unknown): MetadataFilter | undefined {
  if (given === undefined || given === null || given === '') return undefined;
  if (!isRecord(given) || !Object.values(given).every((value) => isScalar(value) || (Array.isArray(value) && value.every(isScalar)))) {
    throw new LlmError('invalid_request', 'The filter is no object of values.', { hint: 'For example {"language": "en", "year": [2025, 2026]}.' });
  }
  return given as MetadataFilter;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
