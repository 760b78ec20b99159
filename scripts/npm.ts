/** Runs npm for the scripts. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs `npm <args>` for the package in `folder`, resolves with what it prints. */
export async function npm(args: string[], folder: string): Promise<string> {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const { stdout } = await promisify(execFile)('npm', [...args, '--prefix', folder, ...quiet], {
    cwd: folder,
    // A shell finds npm.cmd on Windows.
    shell: process.platform === 'win32',
  });
  return stdout;
}
