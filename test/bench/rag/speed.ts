/** How fast the embedded store takes documents in and finds passages, and what it costs the event loop. */
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { EmbeddedStore } from '../../../nodes/rag/store/embedded/embedded-store.ts';
import type { Store } from '../../../nodes/rag/store/store.ts';
import { Corpus, dimensions, passagesInDocument } from './corpus.ts';

const sizes = [1_000, 10_000, 100_000];
const questions = 200;
const options = { limit: 10 };
const model = 'random';

interface Times {
  p50: number;
  p99: number;
}

/** The table, as text. */
export async function measureSpeed(folder: string): Promise<string> {
  const lines = ['| passages | documents/s | passages/s | words p50/p99 ms | vectors p50/p99 ms | both p50/p99 ms | event loop p99/max ms | memory MB | file MB |', '|---|---|---|---|---|---|---|---|---|'];
  for (const size of sizes) {
    const store = new EmbeddedStore({ path: join(folder, `${size}.db`) });
    lines.push(await measureSize(store, size));
    await store.close();
  }
  return [...lines, '', `${dimensions} dimensions, ${questions} questions of six words, ten hits. The event loop is the main thread's, with the vectors under way; memory is all of the process.`].join('\n');
}

async function measureSize(store: Store, size: number): Promise<string> {
  const corpus = new Corpus();
  const documents = size / passagesInDocument;
  const seconds = await fill(store, corpus, documents);
  const words = await measure(() => store.searchWords(corpus.question(), options));
  const nearest = () => store.searchVectors({ model, vector: corpus.vector() }, options);
  // The first one brings all vectors into memory.
  await nearest();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const vectors = await measure(nearest);
  delay.disable();
  const both = await measure(() => Promise.all([store.searchWords(corpus.question(), options), nearest()]));
  const { bytes } = await store.facts();
  const rates = [documents, size].map((count) => Math.round(count / seconds).toLocaleString('en'));
  const sizesMb = [process.memoryUsage.rss(), bytes].map((count) => Math.round(count / 1e6));
  return `| ${[size.toLocaleString('en'), ...rates, tell(words), tell(vectors), tell(both), tellDelay(delay), ...sizesMb].join(' | ')} |`;
}

/** In seconds. Making up the documents does not count. */
async function fill(store: Store, corpus: Corpus, documents: number): Promise<number> {
  let spent = 0;
  for (let number = 0; number < documents; number++) {
    const passages = corpus.passages();
    const vectors = passages.map(() => corpus.vector());
    const started = performance.now();
    await store.put({ id: `d${number}`, title: `title ${number}`, source: '', metadata: { number: number % 10 }, hash: '' }, passages, { model, vectors });
    spent += performance.now() - started;
  }
  return spent / 1000;
}

async function measure(search: () => Promise<unknown>): Promise<Times> {
  const times: number[] = [];
  for (let asked = 0; asked < questions; asked++) {
    const started = performance.now();
    await search();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] as number;
  return { p50: at(0.5), p99: at(0.99) };
}

function tell({ p50, p99 }: Times): string {
  return `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
}

/** What is beyond the time between two looks. */
function tellDelay(delay: ReturnType<typeof monitorEventLoopDelay>): string {
  return [delay.percentile(99), delay.max].map((nanoseconds) => Math.max(0, nanoseconds / 1e6 - 1).toFixed(1)).join(' / ');
}
