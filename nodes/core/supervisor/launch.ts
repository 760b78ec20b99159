/** The start of a server: never a second one at its port, and never one that would not be found again. */
import { boundedCommand } from './bounded-command.ts';
import { digestOf } from './command.ts';
import { type Crash, crashOf } from './crash.ts';
import { identityOf, type ProcessIdentity } from './identity.ts';
import { isListening } from './listening.ts';
import { findOrphan } from './orphans.ts';
import type { SupervisorOptions } from './options.ts';
import { removeRecord, writeRecord } from './run-record.ts';
import { adoptServer, endServer, type ServerProcess, spawnServer } from './server-process.ts';

export interface Launched {
  readonly process: ServerProcess;
  /** To be called when it has ended. */
  readonly forget: () => void;
}

/** Adopts the server that was left behind with the same command, ends one with another, else starts one. Undefined where it was stopped meanwhile. */
export async function launch(options: SupervisorOptions, onOutput: (text: string) => void, stop: AbortSignal): Promise<Launched | Crash | undefined> {
  const { recordFile, command, provider, address, stopWithinMs } = options;
  const orphan = recordFile === undefined ? undefined : findOrphan(recordFile);
  if (orphan?.isFree === false) return crashOf('port', provider, 'is not started: another Node-RED with this user folder runs it');
  if (orphan?.command === digestOf(command)) return recorded(options, adoptServer(orphan.server));
  if (orphan) await endServer(adoptServer(orphan.server), stopWithinMs);
  if (await isListening(address)) return crashOf('port', provider);
  const bounded = await boundedCommand(command, provider);
  if ('reason' in bounded) return bounded;
  return stop.aborted ? undefined : recorded(options, spawnServer(bounded, onOutput));
}

/** Before anything else happens: whoever is killed now leaves a record of what runs. */
async function recorded({ recordFile, command, provider }: SupervisorOptions, server: ServerProcess): Promise<Launched | Crash> {
  const { identity } = server;
  if (recordFile === undefined || identity === undefined) return { process: server, forget: () => undefined };
  try {
    writeRecord(recordFile, { server: identity, owner: self(), command: digestOf(command), executable: command.executable });
  } catch {
    server.kill();
    await server.ended;
    return crashOf('unknown', provider, 'was not started: which process it is cannot be written into the folder llm-servers');
  }
  return { process: server, forget: () => removeRecord(recordFile) };
}

function self(): ProcessIdentity {
  return identityOf(process.pid) ?? { pid: process.pid, startedAt: '' };
}
