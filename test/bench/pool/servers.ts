/** Two real llama-servers on one small machine, one of them slower on purpose. */
import { execFileSync } from 'node:child_process';
import { type Found, type LlamaServer, startLlamaServer } from '../../support/llama-server.ts';

export interface Pair {
  readonly servers: readonly LlamaServer[];
  stop(): Promise<void>;
}

/** Both with these arguments. */
export async function startPair(found: Found, ...args: string[]): Promise<Pair> {
  const servers = [await startLlamaServer(found, ...args), await startLlamaServer(found, ...args)];
  return { servers, stop: async () => void (await Promise.all(servers.map((server) => server.kill()))) };
}

/**
 * Lets a process run for a share of the time, from 0 to 1, as cpulimit does: it is stopped and continued in turn. Returns the function that
 * lets it run freely.
 */
export function slowDown(pid: number, share: number, periodMs = 40): () => void {
  let timer: NodeJS.Timeout;
  const run = () => {
    process.kill(pid, 'SIGCONT');
    timer = setTimeout(rest, periodMs * share);
  };
  const rest = () => {
    process.kill(pid, 'SIGSTOP');
    timer = setTimeout(run, periodMs * (1 - share));
  };
  run();
  return () => {
    clearTimeout(timer);
    process.kill(pid, 'SIGCONT');
  };
}

/** Tokens a second of one answer, with nothing else to do. */
export async function speedOf({ url }: LlamaServer): Promise<number> {
  const body = JSON.stringify({ prompt: 'Once upon a time', n_predict: 400, ignore_eos: true });
  const began = performance.now();
  const answer = await fetch(`${url}/completion`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { tokens_predicted: tokens } = (await answer.json()) as { tokens_predicted: number };
  return tokens / ((performance.now() - began) / 1_000);
}

/** Such as `0.6.0-dev`. It is written to standard error. */
export function llamaVersion({ binary }: Found): string {
  const said = execFileSync('sh', ['-c', '"$1" --version 2>&1', 'sh', binary], { encoding: 'utf8' });
  return /version: (\S+)/.exec(said)?.[1] ?? 'unknown';
}
