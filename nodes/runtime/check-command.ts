/** Whether what a server is to be started with is there, before it is started. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join, sep } from 'node:path';
import { LlmError } from '../core/errors.ts';
import type { Command } from '../core/supervisor/command.ts';

/** Resolves with the program's path. @throws LlmError where it or the model's file is missing */
export async function checkCommand({ executable, args, env }: Command): Promise<string> {
  const program = await firstOf(placesOf(executable, env['PATH'] ?? process.env['PATH'] ?? ''), constants.X_OK);
  if (program === undefined) {
    throw new LlmError('not_found', `The program ${executable} is not there, or may not be run.`, { hint: 'Give its whole path, and check that Node-RED’s user may run it.' });
  }
  const model = args[args.indexOf('--model') + 1];
  if (args.includes('--model') && model !== undefined && (await firstOf([model], constants.R_OK)) === undefined) {
    throw new LlmError('not_found', 'The model’s file is not there, or may not be read.', { hint: 'Give its whole path on the machine that runs Node-RED.' });
  }
  return program;
}

function placesOf(executable: string, path: string): string[] {
  if (isAbsolute(executable) || executable.includes(sep)) return [executable];
  const names = process.platform === 'win32' && !/\.\w+$/.test(executable) ? [executable, `${executable}.exe`] : [executable];
  return path.split(delimiter).filter((folder) => folder !== '').flatMap((folder) => names.map((name) => join(folder, name)));
}

async function firstOf(paths: string[], mode: number): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path, mode).then(() => true, () => false);
    if (isThere) return path;
  }
  return undefined;
}
