/** A model server's process: started by us, or found running and adopted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from './command.ts';
import type { Exit } from './crash.ts';
import { identityOf, isAlive, type ProcessIdentity } from './identity.ts';

export interface ServerProcess {
  /** Undefined where it could not be started, or where the system tells no start time. */
  readonly identity: ProcessIdentity | undefined;
  readonly pid: number | undefined;
  readonly adopted: boolean;
  /** Resolves when it has ended; undefined where nobody can know how, for it was another's child. */
  readonly ended: Promise<Exit | undefined>;
  /** Asks it to end. */
  terminate(): void;
  /** Ends it and its children at once. */
  kill(): void;
}

/** A group of its own: its children end with it, and Ctrl+C at the terminal reaches Node-RED alone, which ends it in order. */
const hasGroups = process.platform !== 'win32';

/** Starts it. What it writes goes to `onOutput`. A program that cannot be started is one that has ended. */
export function spawnServer(command: Command, onOutput: (text: string) => void): ServerProcess {
  try {
    const child = start(command);
    return watched(child, onOutput);
  } catch (error) {
    // What no process can be given, such as too many arguments.
    return { identity: undefined, pid: undefined, adopted: false, ended: Promise.resolve(notStarted(error)), terminate: () => undefined, kill: () => undefined };
  }
}

function start({ executable, args, env, bounds }: Command): ChildProcess {
  const child = spawn(executable, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], shell: false, detached: hasGroups, windowsHide: true });
  // At once: what it starts is as nice as it is then.
  if (child.pid !== undefined && bounds?.niceness !== undefined) beNice(child.pid, bounds.niceness);
  return child;
}

function beNice(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // It has ended already, or we are nicer ourselves than it should be.
  }
}

function watched(child: ChildProcess, onOutput: (text: string) => void): ServerProcess {
  const { pid } = child;
  const ended = Promise.withResolvers<Exit>();
  let isRunning = pid !== undefined;
  letGo(child, onOutput);
  child.once('error', (error) => ended.resolve(notStarted(error)));
  child.once('exit', (code, signal) => {
    isRunning = false;
    killGroup(pid);
    // What it wrote last has come when its streams are closed; whoever else holds them must not hold us up.
    void Promise.race([once(child, 'close'), delay(lastWordsMs)]).then(() => ended.resolve({ code, signal }));
  });
  return endedWithUs({
    identity: pid === undefined ? undefined : identityOf(pid),
    pid,
    adopted: false,
    ended: ended.promise,
    terminate: () => void child.kill('SIGTERM'),
    kill: () => {
      if (!isRunning) return;
      child.kill('SIGKILL');
      killGroup(pid);
    },
  });
}

/** Neither it nor its output keeps Node-RED alive. */
function letGo(child: ChildProcess, onOutput: (text: string) => void): void {
  for (const stream of [child.stdout, child.stderr] as ReadonlyArray<Socket | null | undefined>) {
    stream?.setEncoding('utf8').on('data', onOutput).on('error', () => undefined);
    stream?.unref();
  }
  child.unref();
}

function notStarted(error: unknown): Exit {
  return { code: null, signal: null, spawnCode: (error as NodeJS.ErrnoException).code ?? 'unknown' };
}

const lastWordsMs = 500;
const lookEveryMs = 250;

/** A process that another Node-RED has started. Each signal goes only to this very process, not to another with its number. */
export function adoptServer(identity: ProcessIdentity): ServerProcess {
  const { pid } = identity;
  return endedWithUs({
    identity,
    pid,
    adopted: true,
    ended: goneBy(identity),
    terminate: () => void (isAlive(identity) && trySignal(pid, 'SIGTERM')),
    kill: () => killGroupOf(identity),
  });
}

const running = new Set<ServerProcess>();

function killRunning(): void {
  for (const server of running) server.kill();
}

/** Whatever ends Node-RED in order or by a defect, ends the server. */
function endedWithUs(server: ServerProcess): ServerProcess {
  if (running.size === 0) process.on('exit', killRunning);
  running.add(server);
  void server.ended.then(() => {
    running.delete(server);
    if (running.size === 0) process.off('exit', killRunning);
  });
  return server;
}

/** Resolves when it has ended: by itself within `patienceMs`, else by force. */
export async function endServer(server: ServerProcess, patienceMs: number): Promise<void> {
  server.terminate();
  const impatience = setTimeout(() => server.kill(), patienceMs);
  await server.ended;
  clearTimeout(impatience);
}

async function goneBy(identity: ProcessIdentity): Promise<undefined> {
  while (isAlive(identity)) await delay(lookEveryMs, undefined, { ref: false });
  killGroupOf(identity);
}

/** While another process has the number, the group may be that one's. Where none has, only its own children can be in the group. */
function killGroupOf({ pid, startedAt }: ProcessIdentity): void {
  const now = identityOf(pid);
  if (now === undefined || now.startedAt === startedAt) killGroup(pid);
}

/** The number of the group is that of its first process, and stays taken as long as one of it lives. */
function killGroup(pid: number | undefined): void {
  if (hasGroups && pid !== undefined) trySignal(-pid, 'SIGKILL');
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
