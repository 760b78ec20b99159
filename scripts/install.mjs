/** Installs what package-lock.json lists, if it is not installed yet. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { node24, root } from './node24.mjs';

const unreachable = new Set([
  'ENOTFOUND', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH',
]);

/**
 * @param {string} command what the person typed, such as `npm start`
 * @returns {Promise<string | undefined>} what is wrong
 */
export async function install(command) {
  if (missingPackages(lockfile('package-lock.json'), lockfile('node_modules/.package-lock.json')).length > 0) {
    console.log('Installing what package-lock.json lists …');
    const { code, errors } = await npmCi();
    if (code !== 0) return installProblem(errors, command);
  }
  if (!existsSync(node24)) return brokenInstall(command);
  return undefined;
}

/**
 * The packages of package-lock.json that are not installed, or in another version. Optional ones may be absent: most of
 * them are for other machines.
 *
 * @param {Lockfile} wanted
 * @param {Lockfile} installed npm's own record of what is in node_modules
 * @returns {string[]}
 *
 * @typedef {{packages?: Record<string, {version?: string, optional?: boolean}>}} Lockfile
 */
export function missingPackages(wanted, installed) {
  return Object.entries(wanted.packages ?? {})
    .filter(([path, { version, optional }]) => {
      if (path === '') return false;
      const found = installed.packages?.[path];
      return found ? found.version !== version : !optional;
    })
    .map(([path]) => path);
}

/**
 * Boils npm's output down to the sentence that matters.
 *
 * @param {string} errors what npm wrote to stderr
 * @param {string} command
 */
export function installProblem(errors, command) {
  const lines = [...errors.matchAll(/^(?:npm (?:error|ERR!) )+(.+)$/gm)].map(([, line]) => line ?? '');
  const codes = lines.map((line) => line.match(/^code (\S+)/)?.[1]);
  if (codes.some((code) => unreachable.has(code ?? ''))) {
    return `The npm registry cannot be reached. Check the network or proxy, then run ${command} again.`;
  }
  const reason = lines.find((line) => !/^(code|errno|syscall|path|dest) /.test(line));
  return `npm could not install the packages: ${reason ?? 'it gave no reason.'}`;
}

/** @param {string} command */
export function brokenInstall(command) {
  return `node_modules has no Node.js 24: delete the folder, let npm run install scripts, and run ${command} again.`;
}

/**
 * @param {string} path
 * @returns {Lockfile}
 */
function lockfile(path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

function npmCi() {
  // npm's own retries wait ten seconds, then a minute: too long to learn that there is no network.
  const args = ['ci', '--include=dev', '--loglevel=error', '--fetch-retry-mintimeout=1000'];
  const npm = process.env.npm_execpath;
  // The node of an older install may be first on PATH, and npm ci deletes it: take the one that npm itself runs on.
  const child = npm?.endsWith('npm-cli.js')
    ? spawn(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], { cwd: root })
    : spawn('npm', args, { cwd: root, shell: process.platform === 'win32' });

  let errors = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, errors }));
  });
}
