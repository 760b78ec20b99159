/** Providers give log probabilities chunk by chunk, as lists that go on. */
import { isRecord, type JsonObject } from '../../core/json.ts';

export function mergedLogprobs(all: readonly unknown[] = []): JsonObject | null {
  const merged: JsonObject = {};
  for (const [name, value] of all.filter(isRecord).flatMap(Object.entries<unknown>)) {
    const list = merged[name];
    if (Array.isArray(list) && Array.isArray(value)) list.push(...(value as unknown[]));
    else merged[name] ??= Array.isArray(value) ? [...(value as unknown[])] : value;
  }
  return Object.keys(merged).length > 0 ? merged : null;
}
