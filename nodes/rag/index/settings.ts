/** The settings of an index node. */
import { resolve } from 'node:path';
import { type ReaderSettings, readReaderSettings } from '../documents/settings.ts';
import { readSplitOptions, type SplitOptions } from '../passages/settings.ts';
import { Folder } from './folder.ts';

export interface IndexFields {
  /** One that is not absolute counts from Node-RED's user folder. */
  readonly folder?: unknown;
  /** Patterns, one a line. */
  readonly include?: unknown;
  readonly ignore?: unknown;
  readonly maxTokens?: unknown;
  readonly overlapTokens?: unknown;
  readonly timeoutMs?: unknown;
  readonly maxFileMb?: unknown;
}

export interface IndexSettings {
  readonly folder: Folder | undefined;
  readonly split: SplitOptions;
  readonly reader: ReaderSettings;
}

/** @throws RangeError that names the field */
export function readIndexSettings({ folder, include, ignore, maxTokens, overlapTokens, timeoutMs, maxFileMb }: IndexFields, userDir: string): IndexSettings {
  const reader = readReaderSettings({ timeoutMs, maxFileMb });
  const path = String(folder ?? '').trim();
  const ignored = linesOf(ignore);
  const patterns = { include: linesOf(include), ...(ignored.length > 0 && { ignore: ignored }) };
  return {
    folder: path === '' ? undefined : new Folder({ path: resolve(userDir, path), patterns, maxFileMb: reader.maxFileMb }),
    split: readSplitOptions({ maxTokens, overlapTokens }),
    reader,
  };
}

function linesOf(given: unknown): string[] {
  return String(given ?? '').split('\n').map((line) => line.trim()).filter((line) => line !== '');
}
