/** What this machine has, and what of it a process can be bounded by. */
import { execFile } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';

export interface Machine {
  readonly cores: number;
  readonly memoryMb: number;
  /** As nvidia-smi tells them. */
  readonly gpus: readonly string[];
  /** Whether a process can be kept on some cores. */
  readonly canBindCores: boolean;
  /** Who keeps a process within its memory: the kernel, or we, by looking at it every other second; nobody on Windows. */
  readonly memoryKeeper: 'kernel' | 'watch' | 'none';
}

/** What was found out once holds until Node-RED ends. */
let found: { readonly taskset: Promise<boolean>; readonly scope: Promise<boolean> } | undefined;

/** A scope of systemd is a process of ours with bounds of the kernel's. The machine's own manager is root's alone. */
export const scopeArguments: readonly string[] = ['--scope', '--quiet', '--collect', ...(process.getuid?.() === 0 ? [] : ['--user'])];

function tools() {
  const isLinux = process.platform === 'linux';
  return (found ??= {
    taskset: isLinux ? works('taskset', ['-c', '-p', String(process.pid)]) : Promise.resolve(false),
    // It may be installed and have nobody to ask, as in a container.
    scope: isLinux ? works('systemd-run', [...scopeArguments, '--', 'true']) : Promise.resolve(false),
  });
}

export function hasTaskset(): Promise<boolean> {
  return tools().taskset;
}

export function hasScopes(): Promise<boolean> {
  return tools().scope;
}

/** All of the machine, though Node-RED itself may be kept on some of them. */
export function coreCount(): number {
  return Math.max(cpus().length, availableParallelism());
}

export async function machine(): Promise<Machine> {
  const [canBindCores, scope, gpus] = await Promise.all([hasTaskset(), hasScopes(), said('nvidia-smi', ['-L'])]);
  return {
    cores: coreCount(),
    memoryMb: Math.round(totalmem() / 1_000_000),
    // "GPU 0: NVIDIA RTX A2000 (UUID: GPU-…)".
    gpus: (gpus ?? '').split('\n').flatMap((line) => /^GPU (\d+: [^(]*)/.exec(line)?.[1]?.trim() ?? []),
    canBindCores,
    memoryKeeper: scope ? 'kernel' : process.platform === 'win32' ? 'none' : 'watch',
  };
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  return (await said(program, args)) !== undefined;
}

/** Undefined where it is not there, fails, or takes too long. */
function said(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 5_000, windowsHide: true }, (error, stdout) => resolve(error ? undefined : stdout));
  });
}
