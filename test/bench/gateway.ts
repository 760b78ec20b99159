/**
 * `npm run bench:gateway`: the palette as a gateway beside others, over a local provider that answers at once. One run,
 * in rounds that take turns, so that all of them meet the same machine. Who is compared: gateway/subjects.ts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { measureEndurance } from './gateway/endurance.ts';
import type { Load, LoadResult } from './gateway/load.ts';
import { memoryOfOpenStreams } from './gateway/open-streams.ts';
import { startSubjects, type Subject, type Target } from './gateway/subjects.ts';
import { report } from './report.ts';

const rounds = 3;

/** How many answers one round asks for, at how many connections; one connection shows what is added to each. */
const loads = {
  one: { connections: 1, count: 500 },
  some: { connections: 32, count: 2_000 },
  many: { connections: 256, count: 2_000 },
} as const;
type LoadName = keyof typeof loads;

/** The slowest ones get fewer, or the run would take an hour. */
const slow = { LiteLLM: 0.1 } as Readonly<Record<string, number>>;

type Results = Map<Subject, Record<LoadName, LoadResult>>;

const prompt = [{ role: 'user', content: 'Tell me a story.' }];

function bodyFor({ model = 'stub' }: Target, stream: boolean): string {
  return JSON.stringify({ model, messages: prompt, ...(stream && { stream: true }) });
}

async function ask(clients: ChildProcess, load: Load): Promise<LoadResult> {
  clients.send(load);
  const [result] = (await once(clients, 'message')) as [LoadResult];
  return result;
}

async function measure(clients: ChildProcess, subjects: readonly Subject[], stream: boolean): Promise<Results> {
  const all = new Map<Subject, Record<LoadName, LoadResult[]>>(subjects.map((subject) => [subject, { one: [], some: [], many: [] }]));
  for (let round = 0; round <= rounds; round++) {
    console.error(`${stream ? 'streamed' : 'whole'}, round ${round} of ${rounds}`);
    for (const [{ name, quick }, results] of all) {
      for (const [load, { connections, count }] of Object.entries(loads) as Array<[LoadName, { connections: number; count: number }]>) {
        const share = Math.max(connections, Math.round(count * (slow[name] ?? 1)));
        const result = await ask(clients, { url: quick.url, headers: quick.headers ?? {}, body: bodyFor(quick, stream), connections, count: share });
        // One round before them only warms up.
        if (round > 0) results[load].push(result);
      }
    }
  }
  return new Map([...all].map(([subject, { one, some, many }]) => [subject, { one: middle(one), some: middle(some), many: middle(many) }]));
}

function middle(list: readonly LoadResult[]): LoadResult {
  const median = (name: keyof LoadResult) => list.map((one) => one[name]).sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  return { p50: median('p50'), p99: median('p99'), firstByte: median('firstByte'), rate: median('rate'), failed: median('failed') };
}

function table(title: string, results: Results): string {
  const [direct] = results.values();
  if (!direct) throw new Error('Nothing was measured.');
  const lines = [...results].map(([{ name }, { one, some, many }]) => {
    const isDirect = name === 'direct';
    const added = (value: number, base: number) => (isDirect ? '' : (value - base).toFixed(2));
    const rate = (load: LoadResult, base: LoadResult) => {
      const share = isDirect ? '' : ` (${Math.round((load.rate / base.rate) * 100)} %)`;
      return `${Math.round(load.rate)}${share}${load.failed > 0 ? `, ${Math.ceil(load.failed * 100)} % failed` : ''}`;
    };
    return [
      `| ${name} | ${one.p50.toFixed(2)} | ${added(one.p50, direct.one.p50)} | ${added(one.p99, direct.one.p99)} | ${added(one.firstByte, direct.one.firstByte)} |`,
      `${rate(some, direct.some)} | ${rate(many, direct.many)} |`,
    ].join(' ');
  });
  return [`| ${title} | p50 ms | added p50 | added p99 | added to the first byte | requests/s at 32 (of direct) | at 256 |`, '|---|---|---|---|---|---|---|', ...lines].join('\n');
}

const server = fork(join(import.meta.dirname, 'stub-server.ts'));
const [port] = (await once(server, 'message')) as [number];
const clients = fork(join(import.meta.dirname, 'gateway/load.ts'));
const provider = `http://127.0.0.1:${port}`;
const subjects = await startSubjects(provider);
try {
  // First, while the processes are still small: memory that a run has left free would hide what the streams take.
  const memory = await memoryOfOpenStreams(subjects.list, (target) => bodyFor(target, true));
  const whole = await measure(clients, subjects.list, false);
  const streamed = await measure(clients, subjects.list, true);
  const endurance = await measureEndurance({ nodeRed: subjects.nodeRed, provider });
  const text = [table('whole answers of 20 tokens', whole), table('streamed answers of 20 tokens', streamed), memory, endurance, ...subjects.missing].join('\n\n');
  report('Gateways', `Median of ${rounds} rounds that take turns.\n\n${text}`, subjects.versions);
} finally {
  await subjects.stop();
  clients.disconnect();
  server.disconnect();
}
