/** A real Prometheus, where there is one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../scripts/port.ts';

function find(program: string): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program)).find((path) => existsSync(path));
}

const prometheus = find('prometheus');
export const promtool = find('promtool');

/** Why it cannot be asked here, as one line, or false. */
export const skipWithoutPrometheus = (prometheus === undefined || promtool === undefined) && 'no Prometheus here: install the package prometheus, which brings promtool along.';

/** What a program says to an input, and whether it is content. */
export async function run(program: string, args: readonly string[], input = ''): Promise<{ code: number; output: string }> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

export interface Result {
  metric: Record<string, string>;
  value: [number, string];
}

/** Starts it with a configuration; ends with the test. */
export async function startPrometheus(t: TestContext, config: string): Promise<{ query(expression: string): Promise<Result[]> }> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  writeFileSync(join(folder, 'prometheus.yml'), config);
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${new URL(url).host}`, '--log.level=error'];
  const child = spawn(prometheus as string, args, { stdio: 'ignore' });
  t.after(async () => {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const isReady = () => fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false);
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error('Prometheus has ended.');
    await delay(50);
  }
  return {
    async query(expression) {
      const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`);
      const { data, error } = (await response.json()) as { data?: { result: Result[] }; error?: string };
      if (!data) throw new Error(`${expression}: ${error}`);
      return data.result;
    },
  };
}
