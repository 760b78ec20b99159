/** An order that stays as it is while the figures change. */
import type { LiveNode } from '../api.ts';

/** By name; what has the same name by id. */
export function byName(nodes: readonly LiveNode[]): LiveNode[] {
  return [...nodes].sort(({ node: one }, { node: other }) => one.name.localeCompare(other.name, 'en', { numeric: true }) || one.id.localeCompare(other.id));
}
