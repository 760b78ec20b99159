/**
 * `npm run bench`: what the palette adds to a bare call, measured in one run through the real Node-RED
 * against a local server that answers at once. Rounds are interleaved, so that all rows meet the same machine.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';

interface Measurement {
  p50: number;
  p99: number;
  rate: number;
}

const rounds = 5;
const sequential = { count: 1_000, concurrency: 1 };
const parallel = { count: 4_000, concurrency: 32 };
const openStreams = 1_000;

const prompt = 'Tell me a story.';
const body = { model: 'stub', messages: [{ role: 'user', content: prompt }] };

/** What is measured: a row's name and the id of its driver. */
const rows = {
  bare: 'bare undici call',
  parsed: 'bare undici call, its answer parsed',
  httpRequest: 'Node-RED http request node',
  openai: 'llm-openai',
  llamacpp: 'llm-llamacpp',
  vllm: 'llm-vllm',
} as const;
type Row = keyof typeof rows;

function flowsFor(url: string): FlowNode[] {
  const at = { z: 'tab', x: 100, y: 100 };
  const through = (id: string, node: { type: string; [property: string]: unknown }, payload: unknown = prompt): FlowNode[] => [
    { id, type: 'bench-driver', ...at, payload, wires: [[`${id}-node`]] },
    { id: `${id}-node`, ...at, ...node, wires: [[id]] },
  ];
  const bare = { type: 'bench-driver', ...at, bareUrl: `${url}/v1/chat/completions`, body: { ...body, stream: true }, wires: [[]] };
  return [
    { id: 'tab', type: 'tab', label: 'Bench' },
    { id: 'bare', ...bare },
    { id: 'parsed', ...bare, parse: true },
    ...through('httpRequest', { type: 'http request', method: 'POST', ret: 'obj', url: `${url}/v1/chat/completions`, persist: true, headers: [] }, body),
    ...through('openai', { type: 'llm-openai', account: 'account', model: 'stub' }),
    ...through('llamacpp', { type: 'llm-llamacpp', server: 'llama-server' }),
    ...through('vllm', { type: 'llm-vllm', server: 'vllm-server', model: 'stub' }),
    ...through('open', { type: 'llm-vllm', server: 'open-server', model: 'stub', firstTokenTimeoutMs: 0, idleTimeoutMs: 0 }),
    { id: 'account', type: 'llm-openai-account', baseUrl: `${url}/v1` },
    { id: 'llama-server', type: 'llm-llamacpp-server', url, healthIntervalMs: 0 },
    { id: 'vllm-server', type: 'llm-vllm-server', url, healthIntervalMs: 0 },
    { id: 'open-server', type: 'llm-vllm-server', url: `${url}/open`, healthIntervalMs: 0 },
  ];
}

async function post<T>(nodeRed: TestNodeRed, path: string, question: object): Promise<T> {
  const response = await fetch(`${nodeRed.url}/bench/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(question) });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

/** All rows, round by round; the first round only warms up. */
async function measure(nodeRed: TestNodeRed, load: { count: number; concurrency: number }): Promise<Record<Row, Measurement>> {
  const results = Object.fromEntries(Object.keys(rows).map((row) => [row, [] as Measurement[]])) as Record<Row, Measurement[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const row of Object.keys(rows) as Row[]) {
      const result = await post<Measurement>(nodeRed, row, load);
      if (round > 0) results[row].push(result);
    }
  }
  return Object.fromEntries(Object.entries(results).map(([row, list]) => [row, middle(list)])) as Record<Row, Measurement>;
}

function middle(list: Measurement[]): Measurement {
  const median = (name: keyof Measurement) => list.map((one) => one[name]).sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;
  return { p50: median('p50'), p99: median('p99'), rate: median('rate') };
}

function table(one: Record<Row, Measurement>, many: Record<Row, Measurement>): string {
  const ms = (value: number) => value.toFixed(3);
  const lines = (Object.keys(rows) as Row[]).map((row) => {
    const added = row === 'bare' ? '' : ms(one[row].p50 - one.bare.p50);
    const addedP99 = row === 'bare' ? '' : ms(one[row].p99 - one.bare.p99);
    const share = Math.round((many[row].rate / many.bare.rate) * 100);
    return `| ${rows[row]} | ${ms(one[row].p50)} | ${added} | ${ms(one[row].p99)} | ${addedP99} | ${Math.round(many[row].rate)} | ${share} % |`;
  });
  return [
    '| one answer of 20 tokens | p50 ms | added | p99 ms | added | requests/s at 32 | of bare |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

const server = fork(join(import.meta.dirname, 'stub-server.ts'));
const [port] = (await once(server, 'message')) as [number];
const nodeRed = await startNodeRed({
  flows: flowsFor(`http://127.0.0.1:${port}`),
  settings: { nodesDir: join(import.meta.dirname, 'nodes') },
  env: { NODE_OPTIONS: '--expose-gc', OPENAI_API_KEY: undefined },
});
try {
  // First, while the process is still small: memory that a run has left free would hide what the streams take.
  const open = await post<{ heap: number; rss: number }>(nodeRed, 'open/open', { count: openStreams });
  const one = await measure(nodeRed, sequential);
  const many = await measure(nodeRed, parallel);
  console.log(`Node.js ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), median of ${rounds} interleaved rounds\n`);
  console.log(table(one, many));
  console.log(`\n${openStreams} open streams through llm-vllm: ${Math.round(open.heap / 1024)} KiB of heap and ${Math.round(open.rss / 1024)} KiB of memory each`);
} finally {
  await nodeRed.stop();
  server.disconnect();
}
