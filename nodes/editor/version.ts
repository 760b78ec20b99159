/** Nodes that another version of the palette has saved: as soon as the editor has one, it shows what it means today, and saves it so with the next deploy. */
import { migrated, versionOf } from '../core/migrations/migrate.ts';
import type { EditedNode } from './validate.ts';

/**
 * The `version` in the defaults of a type. Nodes of that type which come into the editor without it, with the flows or by an import, are
 * brought to the shape of today.
 */
export function versioned(type: string): { version: { value: number } } {
  RED.events.on('nodes:add', (node: unknown) => {
    const added = node as EditedNode;
    if (added['type'] === type) bringUpToDate(type, added);
  });
  return { version: { value: versionOf(type) } };
}

function bringUpToDate(type: string, node: EditedNode): void {
  const saved: Record<string, unknown> = {};
  for (const name of Object.keys(node._def.defaults)) saved[name] = node[name];
  const today = migrated(type, saved);
  if (today === saved) return;
  // Those of a locked flow are guarded against changes of a person; what they mean stays the same.
  const bare = (node['__node__'] ?? node) as EditedNode;
  for (const name of Object.keys(node._def.defaults)) bare[name] = today[name];
}
