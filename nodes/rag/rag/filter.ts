/** The filter of a node, which may come with the message. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { LlmMessage } from '../../runtime/calls.ts';
import { TypedValue } from '../../runtime/typed-value.ts';
import type { MetadataFilter } from '../store/store.ts';
import { noFilter, readFilter } from './metadata-filter.ts';

export interface FilterFields {
  filter?: string;
  filterType?: string;
}

/**
 * Undefined where nobody has asked for one: the field is empty. A field that was left empty in another type than JSON, or that an
 * environment variable with no value has emptied, asks for one and has none.
 * @throws LlmError or Error for a filter that is wrong for every message
 */
export function readFilterField(RED: NodeAPI, node: Node, config: NodeDef & FilterFields): TypedValue | undefined {
  const { filter, filterType = 'json' } = config;
  if (!filter) {
    if (filterType !== 'json' || isEmptied(RED, node)) throw noFilter('The filter has no value.');
    return undefined;
  }
  if (filterType === 'json') readFilter(filter);
  return new TypedValue(RED, node, filter, filterType);
}

/** What the filter is for one message. @throws LlmError `misconfigured` without a word of the message */
export async function filterFor(msg: LlmMessage, filter: TypedValue): Promise<MetadataFilter> {
  const found = await filter.read(msg).catch(() => undefined);
  if (found === undefined || found === null || found === '') throw noFilter('The filter has no value for this message.');
  return readFilter(found);
}

/** Whether the flow file has something in the field: Node-RED has put the value of a variable in its place. */
function isEmptied(RED: NodeAPI, node: Node & { _alias?: string }): boolean {
  let written: unknown;
  RED.nodes.eachNode((config) => {
    if (config.id === (node._alias ?? node.id)) written = (config as FilterFields).filter;
  });
  return written !== undefined && written !== null && written !== '';
}
