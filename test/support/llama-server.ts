/** A real llama-server in a process of its own, with a small model, for tests against the real thing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { llamaServer } from '../../scripts/backends/installed.ts';
import { freePort } from '../../scripts/port.ts';
import { LlamaCppServer } from '../../nodes/backends/llamacpp/server.ts';
import { bus } from '../../nodes/core/events.ts';

export interface Found {
  binary: string;
  model: string;
}

/** Where the program and the model are, or in plain words what is missing. */
export function findLlamaServer(): Found | string {
  const binary = process.env['LLAMA_SERVER'] ?? findInPath('llama-server') ?? llamaServer;
  if (!existsSync(binary)) return 'There is no llama-server: run npm run backends:setup, or put its path into LLAMA_SERVER.';
  const model = process.env['LLAMA_MODEL'] ?? fileURLToPath(new URL('../../../shared/models/stories260K.gguf', import.meta.url));
  if (!existsSync(model)) return 'There is no model for llama-server: put the path of stories260K.gguf into LLAMA_MODEL.';
  return { binary, model };
}

function findInPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export interface LlamaServer {
  readonly url: string;
  readonly pid: number;
  /** A counter or gauge of `/metrics`, without its prefix. */
  metric(name: string): Promise<number>;
  /** How many slots work now. */
  busySlots(): Promise<number>;
  /** As the kernel does when memory is short. */
  kill(): Promise<void>;
}

/** Resolves when the model is loaded. On a machine with few cores one thread is many times faster than two. */
export async function startLlamaServer(found: Found, ...args: string[]): Promise<LlamaServer> {
  return startLlamaServerAt(await freePort(), found, ...args);
}

/** At the port where another was, say. */
export async function startLlamaServerAt(port: number, { binary, model }: Found, ...args: string[]): Promise<LlamaServer> {
  const url = `http://127.0.0.1:${port}`;
  const options = ['-t', '1', '--override-kv', 'llama.context_length=int:2048', '-c', '2048', '--parallel', '4', '--metrics'];
  const child = spawn(binary, ['-m', model, ...options, '--host', '127.0.0.1', '--port', String(port), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  await Promise.race([ready(url), failed(child)]);
  const key = args[args.indexOf('--api-key') + 1];
  const headers = args.includes('--api-key') ? { authorization: `Bearer ${key}` } : {};
  const ask = async (path: string) => (await fetch(url + path, { headers })).text();
  return {
    url,
    pid: child.pid ?? 0,
    metric: async (name) => Number(new RegExp(`^llamacpp:${name} (\\S+)$`, 'm').exec(await ask('/metrics'))?.[1]),
    busySlots: async () => (JSON.parse(await ask('/slots')) as Array<{ is_processing: boolean }>).filter((slot) => slot.is_processing).length,
    kill: async () => {
      process.off('exit', stop);
      stop();
      await ended;
    },
  };
}

/** Our own health check says when. */
async function ready(url: string): Promise<void> {
  const loaded = Promise.withResolvers<void>();
  const id = `starting ${url}`;
  const unsubscribe = bus.on('health', ({ connection, state }) => {
    if (connection.id === id && state === 'ready') loaded.resolve();
  });
  const connection = new LlamaCppServer({ url, healthIntervalMs: 20 }, { id, name: '', type: '', lasting: true });
  await loaded.promise;
  unsubscribe();
  connection.health?.stop();
  await connection.close();
}

async function failed(child: ChildProcess): Promise<never> {
  let log = '';
  child.stderr?.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-2_000)));
  const [code] = await Promise.race([once(child, 'exit'), once(child, 'error')]);
  throw new Error(`llama-server did not start (${String(code)}): ${log}`);
}
