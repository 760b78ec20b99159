/**
 * Builds nodes/ into dist/: JavaScript by tsc, and what Node-RED's editor wants beside it: a script and templates for each
 * node, catalogues, help and icons. And the chat page.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { buildEditor } from './build/editor.ts';
import { listIfAny } from './build/files.ts';
import { buildLocales } from './build/locales.ts';
import { buildPage } from './build/page.ts';
import { project, root } from './project.ts';

const source = join(root, 'nodes');
const shared = join(source, 'editor');
const page = 'endpoint/page';
const dist = join(root, 'dist');

const started = performance.now();
// Built aside and then moved, so that a failed build leaves the last good one.
const staging = join(root, `node_modules/.cache/build-${process.pid}`);
try {
  const folders = await editorFolders();
  // Let all of them end: what still runs would write into a folder that is gone.
  const results = await Promise.allSettled([
    compile(),
    copyIcons(),
    buildPage(join(source, page), join(staging, page)),
    ...folders.flatMap(buildFolder),
  ]);
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => (reason as Error).message);
  if (failures.length > 0) throw new Error(failures.join('\n'));

  await rm(dist, { recursive: true, force: true });
  await rename(staging, dist);
  console.log(`Built nodes/ into dist/ in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
} catch (error) {
  console.error(`The build failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await rm(staging, { recursive: true, force: true });
}

/** The folders of nodes/, relative to it, that have something to show in the editor. */
async function editorFolders(): Promise<string[]> {
  const paths = await readdir(source, { recursive: true });
  return paths.filter((path) => /[\\/]editor\.ts$/.test(path)).map(dirname);
}

function buildFolder(folder: string): Promise<void>[] {
  const from = join(source, folder);
  const to = join(staging, folder);
  return [buildEditor(from, to, shared), buildLocales(from, to, shared)];
}

async function compile(): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const pretty = String(process.stdout.isTTY ?? false);
  const args = [tsc, '-p', join(source, 'tsconfig.json'), '--outDir', staging, '--pretty', pretty];
  const [code] = await once(spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error('tsc found errors.');
}

/** Node-RED looks for icons beside each node file and then serves them for the whole module, so one folder is enough. */
async function copyIcons(): Promise<void> {
  const [first] = Object.values(project['node-red'].nodes);
  if (!first) return;
  const icons = join(staging, relative('dist', dirname(first)), 'icons');
  await mkdir(icons, { recursive: true });
  const files = (await listIfAny(join(root, 'icons'))).filter((file) => file.endsWith('.svg'));
  await Promise.all(files.map((file) => copyFile(join(root, 'icons', file), join(icons, file))));
}
