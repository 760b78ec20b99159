/** A command that starts the same server within its bounds. Each program before it becomes the next one: the process stays the same. */
import type { Provider } from '../provider.ts';
import { coresOf } from './bounds.ts';
import type { Command } from './command.ts';
import { type Crash, crashOf } from './crash.ts';
import { coreCount, hasScopes, hasTaskset, scopeArguments } from './machine.ts';

/** A bound that cannot be kept starts nothing: the machine was to be shared with others. */
export async function boundedCommand(command: Command, provider: Provider): Promise<Command | Crash> {
  const { cores, memoryMb } = command.bounds ?? {};
  let bounded = command;
  if (cores !== undefined) {
    const lack = await lackOfCores(cores);
    if (lack !== undefined) return crashOf('argument', provider, `is not started: ${lack}`);
    bounded = behind(bounded, 'taskset', ['-c', cores]);
  }
  // Without swap: a model that is swapped answers nobody.
  if (memoryMb !== undefined && (await hasScopes())) bounded = behind(bounded, 'systemd-run', [...scopeArguments, '-p', `MemoryMax=${memoryMb}M`, '-p', 'MemorySwapMax=0', '--']);
  else if (memoryMb !== undefined && process.platform === 'win32') return crashOf('argument', provider, 'is not started: its memory cannot be bounded on Windows');
  return bounded;
}

async function lackOfCores(list: string): Promise<string | undefined> {
  if (!(await hasTaskset())) return 'its cores cannot be bounded, for this machine has no taskset';
  const count = coreCount();
  return coresOf(list).some((core) => core < count) ? undefined : `there are no cores ${list} here, but 0-${count - 1}`;
}

function behind({ executable, args, ...rest }: Command, program: string, before: readonly string[]): Command {
  return { ...rest, executable: program, args: [...before, executable, ...args] };
}
