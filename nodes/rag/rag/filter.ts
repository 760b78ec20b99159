/** By which metadata a search is narrowed. */
import { LlmError } from '../../core/errors.ts';
import { isRecord } from '../../core/request.ts';
import type { LlmMessage } from '../../runtime/calls.ts';
import type { TypedValue } from '../../runtime/typed-value.ts';
import type { MetadataFilter, Scalar } from '../store/store.ts';

/** What the filter is for one message. @throws LlmError `invalid_request` without a word of the message */
export async function filterFor(msg: LlmMessage, filter: TypedValue): Promise<MetadataFilter | undefined> {
  const found = await filter.read(msg).catch(() => {
    throw new LlmError('invalid_request', 'The filter has no value for this message.', { hint: 'Open the node and look at its filter.' });
  });
  return readFilter(found);
}

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
