/**
 * `npm run backends:setup`: gets what the palette is compared with and tested against, from package registries alone,
 * into .backends/, which git ignores. Run again, it gets only what is missing.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { backendsFolder, liteLlm, portkey } from './installed.ts';
import { npm } from './npm.ts';

interface Item {
  readonly name: string;
  /** What is there once it is installed. */
  readonly file: string;
  install(folder: string): Promise<void>;
}

/** With a newer one, Portkey answers every stream with 500: it changes headers that are immutable there. */
const portkeyOverrides = { '@hono/node-server': '1.13.7' };

const items: readonly Item[] = [
  { name: 'Portkey gateway', file: portkey, install: (folder) => fromNpm(folder, '@portkey-ai/gateway@1.15.2', portkeyOverrides) },
  { name: 'LiteLLM proxy', file: liteLlm, install: (folder) => fromPython(folder, 'litellm[proxy]') },
];

async function fromNpm(folder: string, spec: string, overrides: object): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, overrides }));
  await npm(['install', '--ignore-scripts', spec], folder);
}

/** A virtual environment of its own, so that nothing on the machine changes. */
async function fromPython(folder: string, spec: string): Promise<void> {
  await run('python3', ['-m', 'venv', folder]);
  await run(join(folder, 'bin/pip'), ['install', '--quiet', spec]);
}

const run = promisify(execFile);

async function setUp(item: Item): Promise<void> {
  const { name, file } = item;
  if (existsSync(file)) {
    console.log(`${name}: is there.`);
    return;
  }
  const [own = ''] = relative(backendsFolder, file).split(sep);
  const folder = join(backendsFolder, own);
  const started = performance.now();
  console.log(`${name}: installing …`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await item.install(folder);
    if (!existsSync(file)) throw new Error(`The package holds no ${relative(folder, file)}.`);
    console.log(`${name}: installed in ${Math.round((performance.now() - started) / 1000)} s.`);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    const [reason = ''] = (error as Error).message.trim().split('\n').slice(-1);
    console.log(`${name}: cannot be had here: ${reason}`);
  }
}

for (const item of items) await setUp(item);
