/** What it costs that somebody listens: the same pipeline in the same process, deployed in turns without a monitor and with one that does all it can. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import type { Load, LoadResult } from './gateway/load.ts';
import { at, driver, type Measurement, post } from './measure.ts';

const rounds = 7;
const connections = 32;
const warmUp = 1_500;
const throughEndpoint = 5_000;
const throughFlow = 10_000;

/** The echo says it again: the clients want the last of these words. */
const story = Array.from({ length: 20 }, (_, index) => `token${index}`).join(' ');

const monitor: FlowNode = {
  id: 'monitor',
  type: 'llm-monitor',
  ...at,
  summarySeconds: 1,
  alerts: [{ measure: 'latency' }, { measure: 'failures' }, { measure: 'costHour' }, { measure: 'latency', scope: 'backends' }],
  log: 'file',
  capture: 'memory',
  wires: [[], []],
};

/** What listens in each of the columns. */
const listeners = {
  nothing: [],
  'metrics alone': [{ ...monitor, summarySeconds: 0, alerts: [], log: 'off', capture: 'off' }],
  all: [monitor],
  'all, and each attempt and its content in the log': [{ ...monitor, logAttempts: true, logContent: true }],
} satisfies Record<string, FlowNode[]>;
type Listening = keyof typeof listeners;

function flowsWith(listening: Listening): FlowNode[] {
  const echo = (id: string): FlowNode => ({ id, type: 'llm-echo', ...at, tokensPerSecond: 0, wires: [[]] });
  const behind = (name: string, answers: string[]): FlowNode[] => [
    { id: `${name}-fallback`, type: 'llm-fallback', ...at, branches: [{}], wires: [answers, [`${name}-pool`]] },
    { id: `${name}-pool`, type: 'llm-pool', ...at, members: [{}, {}], wires: [[], [`${name}-a`], [`${name}-b`]] },
    echo(`${name}-a`),
    echo(`${name}-b`),
  ];
  return [
    { id: 'tab', type: 'tab', label: 'Bench' },
    { id: 'endpoint', type: 'llm-endpoint', ...at, wires: [['served-fallback']] },
    ...behind('served', []),
    driver('sent', 'sent-fallback', story),
    ...behind('sent', ['sent']),
    ...listeners[listening],
  ];
}

/** Of one load. */
interface Cost {
  /** Requests a second. */
  readonly rate: number;
  /** Of the processor, for each request, in µs: it minds less than the rate what else the machine does. */
  readonly cpu: number;
}

const ways = { endpoint: 'endpoint → fallback → pool → echo', flow: 'fallback → pool → echo' } as const;
type Way = keyof typeof ways;
type Round = Record<Way, Cost>;

/** The table, as text. */
export async function measureListening(): Promise<string> {
  const clients = fork(join(import.meta.dirname, 'gateway/load.ts'));
  const nodeRed = await startNodeRed({ settings: { nodesDir: join(import.meta.dirname, 'nodes') } });
  const names = Object.keys(listeners) as Listening[];
  const results = new Map(names.map((name) => [name, [] as Round[]]));
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const name of names) {
        const found = await measureOne(nodeRed, clients, name);
        // The first round only warms up.
        if (round > 0) results.get(name)?.push(found);
      }
    }
  } finally {
    await nodeRed.stop();
    clients.disconnect();
  }
  return table(results);
}

async function measureOne(nodeRed: TestNodeRed, clients: ChildProcess, listening: Listening): Promise<Round> {
  // The monitor alone is deployed anew: the driver could not be.
  await nodeRed.deploy(flowsWith(listening), 'nodes');
  const url = `${nodeRed.url}/v1/chat/completions`;
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: story }] });
  const load = async (count: number) => {
    clients.send({ url, headers: {}, body, connections, count } satisfies Load);
    const [{ rate, failed }] = (await once(clients, 'message')) as [LoadResult];
    if (failed > 0) throw new Error(`${failed * 100} % of the requests failed.`);
    return rate;
  };
  await load(warmUp);
  return {
    endpoint: await withCpu(nodeRed, throughEndpoint, () => load(throughEndpoint)),
    flow: await withCpu(nodeRed, throughFlow, async () => (await post<Measurement>(nodeRed, 'sent', { count: throughFlow, concurrency: connections })).rate),
  };
}

async function withCpu(nodeRed: TestNodeRed, count: number, load: () => Promise<number>): Promise<Cost> {
  const before = await cpuOf(nodeRed);
  const rate = await load();
  return { rate, cpu: ((await cpuOf(nodeRed)) - before) / count };
}

async function cpuOf(nodeRed: TestNodeRed): Promise<number> {
  const { cpu } = (await (await fetch(`${nodeRed.url}/bench/sent/cpu`)).json()) as { cpu: number };
  return cpu;
}

/** Shares are the middle ones of the rounds: within a round all have met the same machine. */
function table(results: ReadonlyMap<Listening, readonly Round[]>): string {
  const base = results.get('nothing') ?? [];
  const cells = (rounds: readonly Round[], way: Way) => {
    const rate = middle(rounds.map((round) => round[way].rate));
    const cpu = middle(rounds.map((round) => round[way].cpu));
    const more = middle(rounds.map((round, index) => round[way].cpu - (base[index]?.[way].cpu ?? 0)));
    const less = middle(rounds.map((round, index) => 1 - round[way].rate / (base[index]?.[way].rate ?? 0)));
    return [rate.toFixed(), rounds === base ? '' : `${(less * 100).toFixed()} %`, cpu.toFixed(), rounds === base ? '' : more.toFixed()].join(' | ');
  };
  const head = Object.values(ways).map((way) => `${way}: requests/s at ${connections} | less | µs of CPU each | more`).join(' | ');
  const lines = [...results].map(([name, rounds]) => `| ${name} | ${cells(rounds, 'endpoint')} | ${cells(rounds, 'flow')} |`);
  const note = `Middle of ${rounds} rounds that take turns, in one Node-RED; "less" and "more" are against nothing in the same round. The recorder of the sidebar runs with each monitor.`;
  return [note, '', `| who listens | ${head} |`, '|---|---|---|---|---|---|---|---|---|', ...lines].join('\n');
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
