/** The filter of a node, which may come with the message. */
import { LlmError } from '../../core/errors.ts';
import type { LlmMessage } from '../../runtime/calls.ts';
import type { TypedValue } from '../../runtime/typed-value.ts';
import type { MetadataFilter } from '../store/store.ts';
import { readFilter } from './metadata-filter.ts';

/** What the filter is for one message. @throws LlmError `invalid_request` without a word of the message */
export async function filterFor(msg: LlmMessage, filter: TypedValue): Promise<MetadataFilter | undefined> {
  const found = await filter.read(msg).catch(() => {
    throw new LlmError('invalid_request', 'The filter has no value for this message.', { hint: 'Open the node and look at its filter.' });
  });
  return readFilter(found);
}
