/** Conversations with long histories, to two equal servers: how much of each prompt a server still has in its cache, by strategy. */
import { setTimeout as delay } from 'node:timers/promises';
import { Chance } from '../../support/chance.ts';
import type { Found } from '../../support/llama-server.ts';
import { startNodeRed } from '../../support/node-red.ts';
import { quantile } from '../quantile.ts';
import { askPool, poolFlows, type Way } from './flows.ts';
import { startPair } from './servers.ts';

const ways: readonly Way[] = (['round-robin', 'least-busy', 'sticky'] as const).map((strategy) => ({ id: strategy, name: strategy === 'least-busy' ? 'least busy' : strategy, strategy }));

/** More than one server has slots. Those that belong to it have room, as long as their shares are not too uneven. */
const conversations = 12;
const slots = 10;
const turns = 5;
/** In words; a word is two to three tokens of this model. */
const historyWords = 600;
const questionWords = 30;
const maxTokens = 24;
const thinkMs = 150;
/** Room for the longest history, in each slot. */
const contextSize = 2_560;

/** Where a server keeps the prompts of earlier requests, and what it is started with for it. */
const caches = { 'kept in memory, too (the default)': [], 'kept in the slots alone (`--cache-ram 0`)': ['--cache-ram', '0'] };

const words = 'Lily Tom mom dog cat big red little park tree house ball happy sad ran saw went played said found and the a to with in'.split(' ');

function textOf(chance: Chance, count: number): string {
  return chance.list(count, () => chance.pick(words)).join(' ');
}

class Tally {
  readonly latencies: number[] = [];
  requests = 0;
  prompt = 0;
  cached = 0;

  /** The hit rate is of the prompts' tokens from the second turn on: at the first nobody can have any. */
  get figures(): string {
    const rate = this.cached / this.prompt;
    return `${Math.round(rate * 100)} % | ${Math.round(quantile(this.latencies, 0.5))} | ${Math.round(quantile(this.latencies, 0.99))}`;
  }
}

/** One conversation: each turn sends all that was said before. */
async function chat(url: string, way: Way, session: string, chance: Chance, tally: Tally): Promise<void> {
  const messages = [{ role: 'system', content: textOf(chance, historyWords) }];
  for (let turn = 0; turn < turns; turn++) {
    await delay(-Math.log(1 - chance.random()) * thinkMs);
    messages.push({ role: 'user', content: textOf(chance, questionWords) });
    const { ms, usage, text } = await askPool(url, way, { payload: messages, llm: { maxTokens, session, extra: { ignore_eos: true } } });
    messages.push({ role: 'assistant', content: text });
    if (turn === 0) continue;
    tally.latencies.push(ms);
    tally.requests++;
    tally.prompt += usage.inputTokens;
    tally.cached += usage.cachedInputTokens ?? 0;
  }
}

/** Of each way, with servers of one kind of cache. */
async function measureCache(found: Found, args: readonly string[], seed: number): Promise<Tally[]> {
  const room = ['--override-kv', `llama.context_length=int:${contextSize}`, '-c', String(slots * contextSize), '--parallel', String(slots)];
  const pair = await startPair(found, ...room, ...args);
  const nodeRed = await startNodeRed({ flows: poolFlows(ways, 'chat', pair.servers.map(({ url }) => url)) });
  try {
    const tallies: Tally[] = [];
    for (const [index, way] of ways.entries()) {
      console.error(`chats: ${way.name} ${args.join(' ')}`);
      const tally = new Tally();
      // What one way has said, the next must not find.
      const chanceOf = (number: number) => new Chance(seed + 100 * index + number);
      await Promise.all(Array.from({ length: conversations }, (_, number) => chat(nodeRed.url, way, `session ${number}`, chanceOf(number), tally)));
      tallies.push(tally);
    }
    return tallies;
  } finally {
    await nodeRed.stop();
    await pair.stop();
  }
}

/** The table, as text. */
export async function measureChats(found: Found): Promise<string> {
  const columns: Tally[][] = [];
  for (const [index, args] of Object.values(caches).entries()) columns.push(await measureCache(found, args, 1_000 * index));
  const all = columns.flat();
  const meanPrompt = Math.round(sumOf(all, 'prompt') / sumOf(all, 'requests') / 100) * 100;
  const heads = Object.keys(caches).flatMap((where) => [`prompt tokens from the cache, ${where}`, 'p50 ms', 'p99 ms']);
  const lines = ways.map(({ name }, row) => `| ${name} | ${columns.map((tallies) => tallies[row]?.figures).join(' | ')} |`);
  const title = `| ${conversations} conversations of ${turns} turns, prompts of ${meanPrompt} tokens on average, two equal servers with ${slots} slots each | ${heads.join(' | ')} |`;
  return [title, `|---${'|---'.repeat(heads.length)}|`, ...lines].join('\n');
}

function sumOf(tallies: readonly Tally[], what: 'prompt' | 'requests'): number {
  return tallies.reduce((sum, tally) => sum + tally[what], 0);
}
