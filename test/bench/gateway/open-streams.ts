/** What a thousand streams that stay open take of a gateway's memory. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import type { Subject, Target } from './subjects.ts';

const streams = 1_000;

/** A table, as text. */
export async function memoryOfOpenStreams(subjects: readonly Subject[], bodyFor: (target: Target) => string): Promise<string> {
  const lines: string[] = [];
  for (const { name, open, pid } of subjects) {
    if (!open || pid === undefined) continue;
    const before = await memoryOf(pid);
    const taken = await openStreams(open, bodyFor(open), async (opened) => (opened === streams ? `${Math.round(((await memoryOf(pid)) - before) / streams)}` : `only ${opened} opened`));
    lines.push(`| ${name} | ${Math.round(before / 1024)} | ${taken} |`);
  }
  return [`| memory with ${streams} open streams | MiB before | KiB a stream |`, '|---|---|---|', ...lines].join('\n');
}

/** Calls `whileOpen` with how many of them have given their first token within half a minute, then hangs up. */
async function openStreams<Result>({ url, headers }: Target, body: string, whileOpen: (opened: number) => Promise<Result>): Promise<Result> {
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  const opened = Promise.withResolvers<void>();
  let count = 0;
  const ask = async () => {
    const answer = await request(url, { dispatcher: agent, method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (!chunk.includes('"content":"a"')) continue;
      if (++count === streams) opened.resolve();
    }
  };
  // They end when the agent hangs up.
  for (let index = 0; index < streams; index++) ask().catch(() => undefined);
  await Promise.race([opened.promise, delay(30_000)]);
  try {
    return await whileOpen(count);
  } finally {
    await agent.destroy();
  }
}

/** In KiB, of the process. */
async function memoryOf(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim());
}
