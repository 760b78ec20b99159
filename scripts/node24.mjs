/**
 * Runs things with the Node.js 24 that npm installs beside the other packages, so that the machine's own Node.js may be
 * older.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Where npm puts Node.js 24; `node_modules/.bin/node` points here. */
export const node24 = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');

/**
 * Runs `node <args>` in the checkout, hands signals on to it, and waits for its end.
 *
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export function run(args) {
  const child = spawn(node24, args, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // A killed npm ends its shell and not what runs in it: notice that the parent has changed.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500).unref();

  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
