/**
 * `npm run test:chaos`: everything that goes wrong at once, for two minutes. Clients of both APIs, some of which hang up, ask a gateway of
 * endpoint, router, fallback and pools over servers that fail in every way, while its flow is deployed again and again.
 * `CHAOS_SECONDS` makes it shorter or longer, `SEED` meets the same chance again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../scripts/port.ts';
import { Chance, seeds } from '../support/chance.ts';
import { type FlowNode, startNodeRed, type TestNodeRed } from '../support/node-red.ts';
import { askOnce } from './client.ts';
import { gateway } from './flow.ts';
import { ChaosProvider } from './provider.ts';

const seconds = Number(process.env['CHAOS_SECONDS'] ?? 120);
const clients = 24;
/** From the second third of the time to the last; caches and what is kept of requests fill up in the first. */
const mostGrowthMb = 80;

for (const seed of seeds([], 1)) {
  test(`chaos of ${seconds} s with the seed ${seed}`, { timeout: (seconds + 120) * 1000 }, async (t) => {
    const chance = new Chance(seed);
    const providers = await Promise.all(Array.from({ length: 4 }, () => ChaosProvider.start(chance)));
    t.after(() => Promise.all(providers.map((provider) => provider.close())));
    const [urls, dead] = [providers.map(({ url }) => url), `http://127.0.0.1:${await freePort()}`];
    const nodeRed = await startNodeRed({ flows: gateway(urls, dead), settings: { llm: { drainMs: 1500 } } });
    t.after(() => nodeRed.stop());

    const outcomes = new Map<string, number>();
    const wrong: string[] = [];
    const until = performance.now() + seconds * 1000;
    const isOver = () => performance.now() > until || wrong.length >= 20;
    const asking = Promise.all(Array.from({ length: clients }, async () => {
      while (!isOver()) await count(outcomes, wrong, askOnce(nodeRed.url, chance));
    }));
    const deploys = await deployUntil(isOver, nodeRed, gateway(urls, dead), chance);
    await asking;

    for (const [fault, times] of providers.flatMap(({ met }) => [...met])) outcomes.set(`fault ${fault}`, (outcomes.get(`fault ${fault}`) ?? 0) + times);
    t.diagnostic(JSON.stringify({ seed, deploys: deploys.count, memoryMb: deploys.memory, ...Object.fromEntries([...outcomes].sort(([one], [other]) => one.localeCompare(other))) }));
    assert.deepEqual(wrong, []);

    for (const provider of providers) provider.faultOneIn = Infinity;
    await checkQuiet(nodeRed, providers);
    // The least of several looks: the others have garbage in them that is not collected yet.
    const third = Math.floor(deploys.memory.length / 3);
    const growth = Math.min(...deploys.memory.slice(-third)) - Math.min(...deploys.memory.slice(third, -third));
    assert.ok(third === 0 || growth < mostGrowthMb, `memory grew by ${growth} MB: ${deploys.memory.join(', ')}`);
    await checkAnswers(nodeRed, chance);
    assert.doesNotMatch(nodeRed.log(), /unhandled|uncaught|TypeError|please report/i);
  });
}

async function count(outcomes: Map<string, number>, wrong: string[], asked: Promise<string>): Promise<void> {
  try {
    const outcome = await asked;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  } catch (error) {
    wrong.push(error instanceof Error ? error.message.slice(0, 600) : String(error));
  }
}

/** Deploys in every way, each time with one node changed, and looks at the memory now and then. */
async function deployUntil(isOver: () => boolean, nodeRed: TestNodeRed, flows: FlowNode[], chance: Chance): Promise<{ count: number; memory: number[] }> {
  const memory: number[] = [];
  let count = 0;
  for (let looked = 0; !isOver(); ) {
    await delay(1500 + chance.below(1000));
    const at = 1 + chance.below(flows.length - 1);
    flows[at] = { ...(flows[at] as FlowNode), version: ++count };
    await nodeRed.deploy(flows, chance.pick(['full', 'nodes', 'nodes', 'flows']));
    if (performance.now() - looked < seconds * 30) continue;
    looked = performance.now();
    memory.push(Math.round(((await metric(nodeRed, 'nodejs_heap_size_used_bytes')) + (await metric(nodeRed, 'nodejs_external_memory_bytes'))) / 1e6));
  }
  return { count, memory };
}

/** Nothing is under way any more, in no node and at no server. */
async function checkQuiet(nodeRed: TestNodeRed, providers: readonly ChaosProvider[]): Promise<void> {
  const left = async () => [await metric(nodeRed, 'llm_in_flight'), await metric(nodeRed, 'llm_waiting'), providers.reduce((sum, { open }) => sum + open, 0)];
  for (let tries = 0; tries < 40 && (await left()).some((count) => count !== 0); tries++) await delay(500);
  assert.deepEqual(await left(), [0, 0, 0], 'in flight, waiting, open at the servers');
}

/** When the storm is over, breakers close and pauses end: everybody is answered again. */
async function checkAnswers(nodeRed: TestNodeRed, chance: Chance): Promise<void> {
  for (let inRow = 0, asked = 0; inRow < 20; asked++) {
    assert.ok(asked < 400, 'the gateway answers again');
    const outcome = await askOnce(nodeRed.url, chance, { hangsUp: false });
    inRow = outcome === 'answered' ? inRow + 1 : 0;
    if (inRow === 0) await delay(100);
  }
}

/** The sum over all nodes. */
async function metric(nodeRed: TestNodeRed, name: string): Promise<number> {
  const response = await fetch(`${nodeRed.url}/llm/metrics`);
  const text = await response.text();
  assert.equal(response.status, 200, text.slice(0, 300));
  return Array.from(text.matchAll(new RegExp(String.raw`^${name}(?:\{.*\})? (\S+)$`, 'gm')), ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}
