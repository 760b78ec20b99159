/** Keeps an eye on the memory of a server and its children, where the kernel does not. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const lookEveryMs = 2_000;

/** Resolves with true when all of its processes together have more than that, with false when the signal comes first. */
export async function outgrows(pid: number, memoryMb: number, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const bytes = await memoryOf(pid).catch(() => 0);
    if (signal.aborted) return false;
    if (bytes > memoryMb * 1_000_000) return true;
    await delay(lookEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  return false;
}

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly bytes: number;
}

/** What is resident of the process, of its group and of all that come from it. What several of them share counts for each. */
export async function memoryOf(pid: number): Promise<number> {
  const all = process.platform === 'linux' ? await processesInProc() : await processesByPs();
  const parents = new Map(all.map((each) => [each.pid, each.parent]));
  return all.filter((each) => each.group === pid || comesFrom(each.pid, pid, parents)).reduce((sum, { bytes }) => sum + bytes, 0);
}

function comesFrom(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  // Numbers may be given anew while they are read: no round is gone twice.
  const seen = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && !seen.has(at); at = parents.get(at)) {
    if (at === ancestor) return true;
    seen.add(at);
  }
  return false;
}

/** See proc_pid_stat(5) for the group, proc_pid_status(5) for the memory, which stands there in kB. */
async function processesInProc(): Promise<ProcessFacts[]> {
  const names = await readdir('/proc');
  const found = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => inProc(Number(name)).catch(() => undefined)));
  return found.filter((facts) => facts !== undefined);
}

async function inProc(pid: number): Promise<ProcessFacts> {
  const [stat, status] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/status`, 'utf8')]);
  // The name stands in parentheses and may hold anything.
  const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, kilobytes = 0] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
  return { pid, parent: Number(parent), group: Number(group), bytes: Number(kilobytes) * 1_024 };
}

function processesByPs(): Promise<ProcessFacts[]> {
  return new Promise((resolve, reject) => {
    execFile('ps', ['-A', '-o', 'pid=,ppid=,pgid=,rss='], { timeout: 5_000, maxBuffer: 2 ** 24 }, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.trim().split('\n').map((line) => {
        const [pid = 0, parent = 0, group = 0, kilobytes = 0] = line.trim().split(/\s+/).map(Number);
        return { pid, parent, group, bytes: kilobytes * 1_024 };
      }));
    });
  });
}
