/** Message payloads as they are now: nodes may change them while a request is under way. Texts cannot change, and are not copied, however long. */

/** Deeper than this is no prompt; what holds itself would have no end. */
const maxDepth = 20;

/** What has more values is cut later anyway. */
const maxValues = 100_000;

/** Plain data alone: of anything else there is its name. */
export function snapshot(value: unknown): unknown {
  return snapshotOf(value, 0, { left: maxValues });
}

function snapshotOf(value: unknown, depth: number, room: { left: number }): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
  if (ArrayBuffer.isView(value)) return binaryOf(value.byteLength);
  if (depth >= maxDepth || room.left <= 0) return tooMuch;
  if (Array.isArray(value)) return listOf(value, depth, room);
  if (!isRecord(value)) return undefined;
  const copy: Record<string, unknown> = {};
  for (const name in value) if (Object.hasOwn(value, name) && room.left-- > 0) set(copy, name, snapshotOf(value[name], depth + 1, room));
  if (room.left <= 0) set(copy, '…', tooMuch);
  return copy;
}

function listOf(list: readonly unknown[], depth: number, room: { left: number }): unknown[] {
  const copy: unknown[] = [];
  for (const item of list) {
    if (room.left-- <= 0) break;
    copy.push(snapshotOf(item, depth + 1, room));
  }
  if (copy.length < list.length) copy.push(tooMuch);
  return copy;
}

function set(record: Record<string, unknown>, name: string, value: unknown): void {
  // By assignment it would be the prototype.
  if (name === '__proto__') Object.defineProperty(record, name, { value, enumerable: true });
  else record[name] = value;
}

/** What was left out, so that nobody takes the rest for all. */
export class LeftOut {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const tooMuch = new LeftOut('…');

function binaryOf(bytes: number): LeftOut {
  return new LeftOut(`[binary, ${bytes} bytes]`);
}import { isRecord } from '../../core/json.ts';

