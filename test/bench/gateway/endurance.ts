/** What many clients at once, slow ones and impatient ones do to the pipeline endpoint → fallback → pool → `llm-vllm`. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { Agent, request } from 'undici';

const streams = 1_000;
const pacedTokens = 300;
const stalledReaders = 200;
const hangUps = 10_000;

interface Health {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly rss: number;
  readonly heap: number;
}

export interface Place {
  /** Of Node-RED. */
  readonly nodeRed: string;
  readonly provider: string;
}

/** A table, as text. */
export async function measureEndurance(place: Place): Promise<string> {
  await healthOf(place);
  // Gateways that were measured before may have left some.
  const leftBefore = await openAt(place);
  const before = await healthOf(place);
  const paced = await readPaced(place);
  const during = await healthOf(place);
  const idle = await healthOf(place);
  const stalled = await stall(place, leftBefore);
  const left = (await hangUp(place, leftBefore)) - leftBefore;
  const lines = [
    `| ${streams} streams at once, ${pacedTokens} tokens each within a minute | ${paced.whole} whole, ${paced.mixed} mixed up or lost | ${delays(during)} | ${memory(during, before)} |`,
    `| ${stalledReaders} clients that ask for 256 MiB each and do not read | ${stalled.open - leftBefore} open at the provider | ${delays(stalled)} | ${memory(stalled, idle)} |`,
    `| ${hangUps} clients that hang up at a random moment | ${left} left at the provider | ${delays(await healthOf(place))} | |`,
  ];
  return ['| pipeline over `llm-vllm` | outcome | event loop delay p50 / p99 / max | memory |', '|---|---|---|---|', ...lines].join('\n');
}

function delays({ p50, p99, max }: Health): string {
  return `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(0)} ms`;
}

function memory({ rss }: Health, before: Health): string {
  return `${Math.round(rss)} MiB, ${Math.round(rss - before.rss)} more than before`;
}

async function healthOf({ nodeRed }: Place): Promise<Health> {
  return (await (await fetch(`${nodeRed}/bench/health`)).json()) as Health;
}

async function openAt({ provider }: Place): Promise<number> {
  return Number(await (await fetch(provider)).text());
}

function bodyFor(question: string): string {
  return JSON.stringify({ model: 'stub', stream: true, messages: [{ role: 'user', content: question }] });
}

async function readPaced({ nodeRed }: Place): Promise<{ whole: number; mixed: number }> {
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  const texts = await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      const answer = await request(`${nodeRed}/vllm/paced/v1/chat/completions`, { dispatcher: agent, method: 'POST', headers: { 'content-type': 'application/json' }, body: bodyFor(`q${index}`) });
      return textOf(await answer.body.text());
    }),
  );
  await agent.close();
  const whole = texts.filter((text, index) => text === Array.from({ length: pacedTokens }, (_, at) => `q${index}:${at} `).join('')).length;
  return { whole, mixed: streams - whole };
}

function textOf(events: string): string {
  let text = '';
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data !== '[DONE]') text += (JSON.parse(data) as { choices: Array<{ delta: { content?: string } }> }).choices[0]?.delta.content ?? '';
    },
  });
  parser.feed(events);
  return text;
}

/** Clients as sockets, for every library reads ahead. */
function ask(url: string, question: string): Socket {
  const { hostname, port, pathname } = new URL(url);
  const body = bodyFor(question);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => socket.destroy());
  socket.write(`POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return socket;
}

async function stall(place: Place, leftBefore: number): Promise<Health & { open: number }> {
  const sockets = Array.from({ length: stalledReaders }, () => ask(`${place.nodeRed}/vllm/flood/v1/chat/completions`, 'more').pause());
  // Whatever is taken without a reader is taken by then.
  await delay(10_000);
  const health = { ...(await healthOf(place)), open: await openAt(place) };
  for (const socket of sockets) socket.destroy();
  await until(async () => (await openAt(place)) <= leftBefore);
  return health;
}

/** How many requests are left at the provider, some seconds after the last client has gone. */
async function hangUp(place: Place, leftBefore: number): Promise<number> {
  let left = hangUps;
  const client = async () => {
    while (left > 0) {
      const index = left--;
      const path = index % 2 === 0 ? 'paced/' : index % 3 === 0 ? 'open/' : '';
      const socket = ask(`${place.nodeRed}/vllm/${path}v1/chat/completions`, `q${index}`).resume();
      await delay(Math.random() * 20);
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: 64 }, client));
  await until(async () => (await openAt(place)) <= leftBefore);
  return openAt(place);
}

/** Gives up after 10 s: what is left then is in the table. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100 && !(await holds()); tries++) await delay(100);
}
