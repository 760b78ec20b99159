/**
 * `npm run bench`: what the palette adds to a bare call, measured in one run through the real Node-RED
 * against a local server that answers at once. Rounds are interleaved, so that all rows meet the same machine.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type FlowNode, startNodeRed } from '../support/node-red.ts';
import { measureListening } from './listening.ts';
import { at, driver, type Measurement, measure, post, prompt } from './measure.ts';
import { report } from './report.ts';
import { measureStages, stageFlows } from './stages.ts';

const rounds = 5;
const sequential = { count: 1_000, concurrency: 1 };
const parallel = { count: 4_000, concurrency: 32 };
const openStreams = 1_000;

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
  const through = (id: string, node: { type: string; [property: string]: unknown }, payload: unknown = prompt): FlowNode[] => [
    driver(id, `${id}-node`, payload),
    { id: `${id}-node`, ...at, ...node, wires: [[id]] },
  ];
  const bare = { type: 'bench-driver', ...at, bareUrl: `${url}/v1/chat/completions`, body: { ...body, stream: true }, wires: [[]] };
  return [
    { id: 'tab', type: 'tab', label: 'Bench' },
    { id: 'bare', ...bare },
    { id: 'parsed', ...bare, parse: true },
    ...through('httpRequest', { type: 'http request', method: 'POST', ret: 'obj', url: `${url}/v1/chat/completions`, persist: true, headers: [] }, body),
    ...stageFlows(),
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
  const names = Object.keys(rows) as Row[];
  const one = await measure(nodeRed, names, sequential, rounds);
  const many = await measure(nodeRed, names, parallel, rounds);
  const stages = await measureStages(nodeRed);
  const memory = `${openStreams} open streams through llm-vllm: ${Math.round(open.heap / 1024)} KiB of heap and ${Math.round(open.rss / 1024)} KiB of memory each.`;
  report('Backends and stages', `Median of ${rounds} rounds that take turns.\n\n${table(one, many)}\n\n${stages}\n\n${memory}`);
} finally {
  await nodeRed.stop();
  server.disconnect();
}
// With a Node-RED of its own, in which monitors come and go.
report('What listening costs', await measureListening());
