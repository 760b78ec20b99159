/** Clients of a gateway, in a process of their own, so that they take no time from it. Asked by IPC: a {@link Load}, answered by a {@link LoadResult}. */
import { type Dispatcher, Pool } from 'undici';
import { quantile } from '../quantile.ts';

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly count: number;
}

export interface LoadResult {
  /** In ms, to the end of the answer. */
  readonly p50: number;
  readonly p99: number;
  /** In ms, to the first byte of the answer's body. */
  readonly firstByte: number;
  /** Whole answers a second. */
  readonly rate: number;
  /** The share of requests, from 0 to 1, that got no whole answer. */
  readonly failed: number;
}

/** Stands in each whole answer, and at the end of each streamed one: an answer that is cut off is no answer. */
const lastToken = Buffer.from('token19');

async function run({ url, headers, body, connections, count }: Load): Promise<LoadResult> {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const latencies: number[] = [];
  const firsts: number[] = [];
  let started = 0;
  const began = performance.now();
  const work = async () => {
    while (started < count) {
      started++;
      const at = performance.now();
      const answer = await ask(pool, { path, method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
      if (!answer) continue;
      latencies.push(answer.end - at);
      firsts.push(answer.first - at);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  const seconds = (performance.now() - began) / 1000;
  await pool.close();
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), firstByte: quantile(firsts, 0.5), rate: latencies.length / seconds, failed: 1 - latencies.length / count };
}

/** When the answer began and ended; undefined where it failed. Undici's handler, for its promises and streams would measure the client. */
function ask(pool: Pool, options: Dispatcher.DispatchOptions): Promise<{ first: number; end: number } | undefined> {
  return new Promise((resolve) => {
    let status = 0;
    let first = 0;
    let isWhole = false;
    pool.dispatch(options, {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData(_controller, chunk) {
        first ||= performance.now();
        isWhole ||= chunk.includes(lastToken);
      },
      onResponseEnd() {
        resolve(status === 200 && isWhole ? { first, end: performance.now() } : undefined);
      },
      onResponseError() {
        resolve(undefined);
      },
    });
  });
}

process.on('message', (load: Load) => {
  void run(load).then((result) => process.send?.(result));
});
process.once('disconnect', () => process.exit());
