/** Starts a real Node-RED in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessLog } from './process-log.ts';
import { root } from './project.ts';

export interface LaunchOptions {
  /** See user-dir.ts. */
  userDir: string;
  /** 0 (the default) takes a free one. */
  port?: number;
  env?: NodeJS.ProcessEnv;
  /** Settings of Node-RED over those of settings.cjs, plain data only. */
  settings?: Record<string, unknown>;
  /** The folder of the node-red package, if not the one of this checkout. */
  nodeRed?: string;
  /** Shows Node-RED's log as it comes. */
  echo?: boolean;
}

export interface NodeRed {
  /** Without a slash at the end. */
  url: string;
  log: ProcessLog;
  pid: number | undefined;
  /** Resolves with the exit code. */
  ended: Promise<number>;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** How a start ends in the log. A flow with unknown nodes waits, while the editor and the admin API are there. */
export const flowsSettled = /Started (?:flows|modified)|Waiting for missing types|Failed to load external modules/;

/** Resolves when the flows run and the editor answers. */
export async function launchNodeRed(options: LaunchOptions): Promise<NodeRed> {
  const child = spawn(process.execPath, commandLine(options), {
    cwd: options.userDir,
    env: { ...process.env, ...options.env },
    // The channel closes with this process: settings.cjs ends Node-RED then.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const log = new ProcessLog(child, options.echo);
  const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? 1);
  const nodeRed = { log, pid: child.pid, ended, kill: (signal: NodeJS.Signals) => void child.kill(signal), stop: () => stop(child, ended) };

  try {
    const [[, url = '']] = await Promise.all([log.waitFor(/Server now running at (\S+)\/\s/), log.waitFor(flowsSettled)]);
    return { ...nodeRed, url };
  } catch (error) {
    await nodeRed.stop();
    throw error;
  }
}

function commandLine({ userDir, port = 0, settings, nodeRed = join(root, 'node_modules/node-red') }: LaunchOptions): string[] {
  const args = [join(nodeRed, 'red.js'), '--settings', join(root, 'scripts/settings.cjs'), '--port', String(port)];
  if (!settings) return args;

  const file = join(userDir, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  return [...args, '--define', `@${file}`];
}

/** Node-RED gives its nodes 15 seconds to close. */
async function stop(child: ChildProcess, ended: Promise<number>): Promise<void> {
  const impatience = setTimeout(() => child.kill('SIGKILL'), 20_000);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(impatience);
}
