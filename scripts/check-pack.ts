/**
 * Checks the package as its users get it: packs it, installs it into an empty Node-RED user folder, and looks what Node-RED
 * makes of it, in each version of Node-RED that the palette supports.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileProblems } from './check-pack/files.ts';
import { paletteChecks } from './check-pack/palette.ts';
import { launchNodeRed } from './node-red.ts';
import { nodeRedVersion } from './node-red-version.ts';
import { npm } from './npm.ts';
import { root } from './project.ts';
import { createUserDir } from './user-dir.ts';

/** Checked besides the version in package.json: the last one before 5. */
const nodeRed4 = '4.1.15';

const temporary = mkdtempSync(join(realpathSync(tmpdir()), 'check-pack-'));
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
try {
  const { filename, files } = await pack();
  report(`${filename} holds ${files.length} files`, fileProblems(files));

  const userDir = join(temporary, 'user');
  createUserDir(userDir);
  await npm(['install', '--omit=dev', join(temporary, filename)], userDir);
  report('it installs into an empty user folder', []);

  await checkIn(undefined, userDir);
  await checkIn(await nodeRedVersion(nodeRed4), userDir);
} catch (error) {
  report('the check itself', [(error as Error).message]);
}

async function pack(): Promise<{ filename: string; files: string[] }> {
  const output = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', temporary], root);
  const [{ filename, files }] = JSON.parse(output) as [{ filename: string; files: { path: string }[] }];
  return { filename, files: files.map(({ path }) => path) };
}

async function checkIn(folder: string | undefined, userDir: string): Promise<void> {
  const nodeRed = await launchNodeRed({ userDir, ...(folder && { nodeRed: folder }) });
  try {
    const version = /Node-RED version: (\S+)/.exec(nodeRed.log.text)?.[1];
    for (const { name, problems } of await paletteChecks(nodeRed)) report(`Node-RED ${version}: ${name}`, problems);
  } finally {
    await nodeRed.stop();
  }
}

/** One line for a check that holds, and what is wrong below one that does not. */
function report(check: string, problems: string[]): void {
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'}  ${check}`);
  for (const problem of problems) console.log(`      ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
