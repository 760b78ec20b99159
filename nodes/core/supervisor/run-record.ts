/** A file that outlives this process and says which server it has started: who is killed cannot clean up, who starts next can. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isRecord } from '../json.ts';
import { makeFolderOf, privateMode } from '../private-files.ts';
import type { ProcessIdentity } from './identity.ts';

export interface RunRecord {
  readonly server: ProcessIdentity;
  /** The Node-RED that has started or adopted it. */
  readonly owner: ProcessIdentity;
  /** The command's digest: arguments and variables may hold secrets. */
  readonly command: string;
  /** For a person who looks into the file. */
  readonly executable: string;
}

/** Undefined where there is none that can be read. */
export function readRecord(file: string): RunRecord | undefined {
  try {
    const given: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isRecord(given) || !isIdentity(given['server']) || !isIdentity(given['owner'])) return undefined;
    return { server: given['server'], owner: given['owner'], command: String(given['command']), executable: String(given['executable']) };
  } catch {
    return undefined;
  }
}

/** At once: whoever is killed after this line has left the record. @throws where the folder cannot be written to */
export function writeRecord(file: string, record: RunRecord): void {
  makeFolderOf(file);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(record, undefined, 2), { mode: privateMode });
  renameSync(draft, file);
}

export function removeRecord(file: string): void {
  rmSync(file, { force: true });
}

function isIdentity(given: unknown): given is ProcessIdentity {
  return isRecord(given) && Number.isInteger(given['pid']) && Number(given['pid']) > 1 && typeof given['startedAt'] === 'string';
}
