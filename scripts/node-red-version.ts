/** Other versions of Node-RED than the one of this checkout. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { npm } from './npm.ts';
import { root } from './project.ts';

/** The folder of this version's package, installed from the registry once and then kept. */
export async function nodeRedVersion(version: string): Promise<string> {
  const folder = join(root, `node_modules/.cache/node-red-${version}`);
  if (!existsSync(folder)) {
    const staging = `${folder}.${process.pid}`;
    await mkdir(staging, { recursive: true });
    try {
      await writeFile(join(staging, 'package.json'), '{"private":true}');
      await npm(['install', `node-red@${version}`], staging);
      await rename(staging, folder);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  return join(folder, 'node_modules/node-red');
}
