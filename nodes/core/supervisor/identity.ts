/** Which process a number stands for: numbers are given again, so the start time belongs to it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Of no meaning but to be compared: the boot and the tick, or what `ps` says. */
  readonly startedAt: string;
}

/** Undefined where there is no such process, or where the system does not tell (Windows). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startInProc(pid) : process.platform === 'win32' ? undefined : startByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** True while this very process runs, and not another one with its number. */
export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  return identityOf(pid)?.startedAt === startedAt;
}

/** See proc_pid_stat(5). Ticks count from the boot, so the boot belongs to them. */
function startInProc(pid: number): string | undefined {
  const stat = orUndefined(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name stands in parentheses and may hold any of the characters that follow.
  const [state, ...rest] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const ticks = rest[18];
  const hasEnded = state === 'Z' || state === 'X';
  if (ticks === undefined || hasEnded) return undefined;
  const boot = orUndefined(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '';
  return `${boot}/${ticks}`;
}

function startByPs(pid: number): string | undefined {
  const said = orUndefined(() =>
    execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 2_000, env: { ...process.env, LC_ALL: 'C' } }).trim(),
  );
  const [, state = 'Z', start] = /^(\S+)\s+(.+)$/.exec(said ?? '') ?? [];
  return state.startsWith('Z') ? undefined : start;
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
