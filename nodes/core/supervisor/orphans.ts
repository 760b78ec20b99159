/** Servers that a Node-RED has left behind which was killed: they are taken over, or ended. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from './identity.ts';
import { readRecord, removeRecord } from './run-record.ts';
import { adoptServer, endServer } from './server-process.ts';

export interface Orphan {
  readonly server: ProcessIdentity;
  /** The digest of the command that it was started with. */
  readonly command: string;
  /** False while the Node-RED runs that has started it. */
  readonly isFree: boolean;
}

/** The server that the record names, as long as it runs and is not our own. */
export function findOrphan(recordFile: string): Orphan | undefined {
  const record = readRecord(recordFile);
  if (!record || !isAlive(record.server)) return undefined;
  const { server, owner, command } = record;
  return { server, command, isFree: owner.pid === process.pid || !isAlive(owner) };
}

/** Ends what runs in the folder's records for a port that nobody here claims. Resolves with the number of those that it has ended. */
export async function endOrphans(folder: string, isClaimed: (port: number) => boolean, patienceMs: number): Promise<number> {
  const ends = recordedPorts(folder).filter((port) => !isClaimed(port)).map(async (port) => {
    const file = recordFileOf(folder, port);
    const orphan = findOrphan(file);
    if (orphan?.isFree === false) return 0;
    if (orphan) await endServer(adoptServer(orphan.server), patienceMs);
    removeRecord(file);
    return orphan ? 1 : 0;
  });
  return (await Promise.all(ends)).reduce<number>((sum, ended) => sum + ended, 0);
}

export function recordFileOf(folder: string, port: number): string {
  return join(folder, `${port}.json`);
}

function recordedPorts(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
  } catch {
    return [];
  }
}
