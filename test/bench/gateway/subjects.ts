/** The gateways that are compared, each in a process of its own before the same provider. */
import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { backendsFolder, liteLlm, portkey } from '../../../scripts/backends/installed.ts';
import { freePort } from '../../../scripts/port.ts';
import { startNodeRed } from '../../support/node-red.ts';
import { versionOf } from '../report.ts';
import { gatewayFlows } from './flows.ts';

/** Where to ask, and with what. */
export interface Target {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly model?: string;
}

export interface Subject {
  readonly name: string;
  /** The provider that answers at once. */
  readonly quick: Target;
  /** The provider whose streams give one token and then stay open; undefined where nothing stands before it. */
  readonly open?: Target;
  /** Of the process that is measured. */
  readonly pid?: number;
}

export interface Subjects {
  readonly list: readonly Subject[];
  /** The address of the Node-RED among them. */
  readonly nodeRed: string;
  /** Of those that are no part of this project. */
  readonly versions: Readonly<Record<string, string>>;
  /** In plain words, who is not there. */
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

const chat = '/v1/chat/completions';

/** `provider` is the address of the stub server. */
export async function startSubjects(provider: string): Promise<Subjects> {
  const stops: Array<() => Promise<void>> = [];
  const missing: string[] = [];
  const stop = async () => {
    for (const one of stops.toReversed()) await one();
  };
  try {
    const list: Subject[] = [{ name: 'direct', quick: { url: provider + chat } }];
    list.push(await bareProxy(provider, stops));
    const { url, subjects } = await nodeRed(provider, stops);
    list.push(...subjects);
    if (existsSync(portkey)) list.push(await startPortkey(provider, stops));
    else missing.push('Portkey is not installed: npm run backends:setup.');
    if (existsSync(liteLlm)) list.push(await startLiteLlm(provider, stops));
    else missing.push('LiteLLM is not installed: npm run backends:setup.');
    return { list, nodeRed: url, versions: await versions(), missing, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function versions(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  if (existsSync(portkey)) found['Portkey'] = versionOf('@portkey-ai/gateway', join(backendsFolder, 'portkey/node_modules'));
  if (existsSync(liteLlm)) {
    const ask = 'import importlib.metadata; print(importlib.metadata.version("litellm"))';
    found['LiteLLM'] = (await promisify(execFile)(join(dirname(liteLlm), 'python'), ['-c', ask])).stdout.trim();
  }
  return found;
}

type Stops = Array<() => Promise<void>>;

async function bareProxy(provider: string, stops: Stops): Promise<Subject> {
  const child = fork(join(import.meta.dirname, 'bare-proxy.ts'), [provider]);
  stops.push(() => end(child));
  const [port] = (await once(child, 'message')) as [number];
  const url = `http://127.0.0.1:${port}`;
  return { name: 'a bare Node.js proxy', quick: { url: url + chat }, open: { url: `${url}/open${chat}` }, ...pidOf(child) };
}

async function nodeRed(provider: string, stops: Stops): Promise<{ url: string; subjects: Subject[] }> {
  const nodeRed = await startNodeRed({ flows: gatewayFlows(provider), settings: { nodesDir: join(import.meta.dirname, '../nodes') } });
  stops.push(() => nodeRed.stop());
  const { url, pid } = nodeRed;
  const behind = (name: string, path: string): Subject => ({ name, quick: { url: `${url}${path}${chat}` }, open: { url: `${url}${path}/open${chat}` }, ...(pid !== undefined && { pid }) });
  const subjects = [
    behind('the same proxy as a route of Node-RED', '/proxy'),
    behind('Node-RED: http in → http request → http response', '/http'),
    behind('endpoint → fallback → pool → `llm-vllm`', '/vllm'),
    behind('endpoint → fallback → pool → `llm-openai`', '/openai'),
  ];
  return { url, subjects };
}

async function startPortkey(provider: string, stops: Stops): Promise<Subject> {
  const port = await freePort();
  const child = spawn(process.execPath, [portkey, '--headless', `--port=${port}`], { stdio: 'ignore', env: { ...process.env, NODE_ENV: 'production' } });
  stops.push(() => end(child));
  const url = `http://127.0.0.1:${port}`;
  await answering(url, child);
  const target = (host: string): Target => ({
    url: url + chat,
    headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': host, authorization: 'Bearer none' },
  });
  return { name: 'Portkey', quick: target(`${provider}/v1`), open: target(`${provider}/open/v1`), ...pidOf(child) };
}

const liteLlmKey = 'sk-bench';

async function startLiteLlm(provider: string, stops: Stops): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), 'litellm-'));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  const model = (name: string, base: string) => ({ model_name: name, litellm_params: { model: 'openai/stub', api_base: base, api_key: 'none' } });
  // JSON is YAML.
  const config = JSON.stringify({ model_list: [model('stub', `${provider}/v1`), model('open', `${provider}/open/v1`)], router_settings: { disable_cooldowns: true } });
  await writeFile(join(folder, 'config.yaml'), config);
  const port = await freePort();
  const args = ['--config', join(folder, 'config.yaml'), '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1', '--telemetry', 'False'];
  const env = { ...process.env, LITELLM_MASTER_KEY: liteLlmKey, LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR' };
  const child = spawn(liteLlm, args, { stdio: 'ignore', env });
  stops.push(() => end(child));
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/health/liveliness`, child);
  const headers = { authorization: `Bearer ${liteLlmKey}` };
  return { name: 'LiteLLM', quick: { url: url + chat, headers }, open: { url: url + chat, headers, model: 'open' }, ...pidOf(child) };
}

function pidOf({ pid }: ChildProcess): { pid?: number } {
  return pid === undefined ? {} : { pid };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Resolves when something answers there. @throws Error when the process ends first, or a minute is over */
async function answering(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`${child.spawnfile} did not start.`);
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
