/** How documents are split, with defaults and bounds. Read by the runtime and by the editor. */
import { readNumber } from '../../core/fields.ts';
import type { LimitField } from '../../core/limits.ts';

/** In estimated tokens. */
export const splitFields = {
  maxTokens: { value: 256, min: 16, max: 8_192 },
  /** What a passage repeats of the one before, in whole sentences; at most half of a passage. */
  overlapTokens: { value: 32, min: 0, max: 4_096 },
} as const satisfies Record<string, LimitField>;

export type SplitField = keyof typeof splitFields;
export type SplitOptions = Readonly<Record<SplitField, number>>;

export const defaultSplitOptions: SplitOptions = { maxTokens: splitFields.maxTokens.value, overlapTokens: splitFields.overlapTokens.value };

/** A missing or empty one takes its default. @throws RangeError that names the field */
export function readSplitOptions(config: Readonly<Partial<Record<SplitField, unknown>>>): SplitOptions {
  const maxTokens = read('maxTokens', config.maxTokens) ?? splitFields.maxTokens.value;
  const overlapTokens = read('overlapTokens', config.overlapTokens) ?? Math.min(splitFields.overlapTokens.value, Math.floor(maxTokens / 2));
  if (overlapTokens > maxTokens / 2) throw new RangeError('overlapTokens must be at most half of maxTokens.');
  return { maxTokens, overlapTokens };
}

function read(name: SplitField, given: unknown): number | undefined {
  const { min, max } = splitFields[name];
  return readNumber(name, given, { min, max, integer: true });
}
