/** Requests that come in bursts, to two servers of which one is slower: what each strategy makes of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { Chance } from '../../support/chance.ts';
import type { Found } from '../../support/llama-server.ts';
import { startNodeRed } from '../../support/node-red.ts';
import { quantile } from '../quantile.ts';
import { askPool, poolFlows, type Way } from './flows.ts';
import { slowDown, speedOf, startPair } from './servers.ts';

/** How much of the time each server may run: of the second a quarter of the first. */
const shares = [0.5, 0.125] as const;
const slots = 2;

const ways: readonly Way[] = [
  { id: 'round-robin', name: 'round-robin', strategy: 'round-robin' },
  { id: 'random', name: 'random', strategy: 'random' },
  { id: 'sticky', name: 'sticky, 48 sessions', strategy: 'sticky' },
  { id: 'sticky-weighted', name: 'the same, weights 4 : 1', strategy: 'sticky', weights: [4, 1] },
  { id: 'weighted', name: 'weighted 4 : 1', strategy: 'weighted', weights: [4, 1] },
  { id: 'least-busy', name: 'least busy', strategy: 'least-busy' },
  { id: 'least-busy-weighted', name: 'least busy, weights 4 : 1', strategy: 'least-busy', weights: [4, 1] },
  { id: 'least-busy-places', name: 'least busy, as many places as slots', strategy: 'least-busy', maxConcurrent: slots },
  { id: 'fastest', name: 'fastest', strategy: 'fastest' },
];

/** Each way meets the same bursts: each round others. */
const seeds = [1, 2];
const roundMs = 5_000;
const gapMs = 500;
const meanSize = 6;
const sessions = 48;

interface Arrival {
  readonly atMs: number;
  readonly maxTokens: number;
  readonly session: string;
}

/** A Poisson process of bursts, their sizes geometric. */
function arrivalsOf(seed: number): Arrival[] {
  const chance = new Chance(seed);
  const arrivals: Arrival[] = [];
  for (let atMs = 0; atMs < roundMs; atMs += -Math.log(1 - chance.random()) * gapMs) {
    do arrivals.push({ atMs, maxTokens: 20 + chance.below(81), session: `session ${chance.below(sessions)}` });
    while (!chance.oneIn(meanSize));
  }
  return arrivals;
}

class Tally {
  readonly latencies: number[] = [];
  tokens = 0;
  ms = 0;
  /** Answers of the slower server. */
  slow = 0;

  line({ name }: Way): string {
    const { latencies, tokens, ms, slow } = this;
    return `| ${name} | ${Math.round(quantile(latencies, 0.5))} | ${Math.round(quantile(latencies, 0.99))} | ${Math.round(tokens / (ms / 1_000))} | ${Math.round((slow / latencies.length) * 100)} % |`;
  }
}

async function playRound(url: string, way: Way, arrivals: readonly Arrival[], tally: Tally): Promise<void> {
  const began = performance.now();
  await Promise.all(
    arrivals.map(async ({ atMs, maxTokens, session }, index) => {
      await delay(atMs);
      const { ms, usage, backend } = await askPool(url, way, { payload: `Once upon a time ${index}`, llm: { maxTokens, session, extra: { ignore_eos: true } } });
      tally.latencies.push(ms);
      tally.tokens += usage.outputTokens;
      if (backend.name === '1') tally.slow++;
    }),
  );
  tally.ms += performance.now() - began;
}

/** The table, as text. */
export async function measureBursts(found: Found): Promise<string> {
  const pair = await startPair(found, '--parallel', String(slots));
  const letRun = pair.servers.map(({ pid }, index) => slowDown(pid, shares[index] ?? 1));
  const nodeRed = await startNodeRed({ flows: poolFlows(ways, 'completion', pair.servers.map(({ url }) => url)) });
  try {
    const speeds = [];
    for (const server of pair.servers) speeds.push(Math.round(await speedOf(server)));
    const tallies = new Map(ways.map((way) => [way, new Tally()]));
    for (const seed of seeds) {
      for (const [way, tally] of tallies) {
        console.error(`bursts: ${way.name}, seed ${seed}`);
        await playRound(nodeRed.url, way, arrivalsOf(seed), tally);
      }
    }
    const count = seeds.reduce((sum, seed) => sum + arrivalsOf(seed).length, 0);
    const title = `| ${count} requests for 20 to 100 tokens in Poisson bursts (${meanSize} each, ${gapMs} ms apart on average), to a server of ${speeds[0]} tokens a second and one of ${speeds[1]}, with ${slots} slots each | p50 ms | p99 ms | tokens/s | to the slower one |`;
    return [title, '|---|---|---|---|---|', ...[...tallies].map(([way, tally]) => tally.line(way))].join('\n');
  } finally {
    await nodeRed.stop();
    for (const run of letRun) run();
    await pair.stop();
  }
}
