/** What a document may cost, with defaults and bounds. Read by the runtime and by the editor. */
import { readNumber } from '../../core/fields.ts';
import type { LimitField } from '../../core/limits.ts';

export const readerFields = {
  /** How long one document may take to be read and split. */
  timeoutMs: { value: 300_000, min: 100, max: 86_400_000 },
  maxFileMb: { value: 100, min: 1, max: 400 },
  /** Of JavaScript's memory, beside the bytes of the file. */
  maxMemoryMb: { value: 512, min: 64, max: 16_384 },
} as const satisfies Record<string, LimitField>;

export type ReaderField = keyof typeof readerFields;
export type ReaderSettings = Readonly<Record<ReaderField, number>>;

/** A missing or empty one takes its default. @throws RangeError that names the field */
export function readReaderSettings(config: Readonly<Partial<Record<ReaderField, unknown>>> = {}): ReaderSettings {
  const names = Object.keys(readerFields) as ReaderField[];
  return Object.fromEntries(names.map((name) => [name, read(name, config[name])])) as ReaderSettings;
}

function read(name: ReaderField, given: unknown): number {
  const { value, min, max } = readerFields[name];
  return readNumber(name, given, { min, max, integer: true }) ?? value;
}
