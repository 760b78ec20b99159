/**
 * A node that sends prompts into a flow and measures how long their answers take, inside the real Node-RED.
 * POST /bench/<node id> {count, concurrency} runs it; for the node's `bareUrl` it calls undici instead of the flow,
 * and with `parse` also takes the text out of the events, as whoever wants the answer must. GET /bench/<node id>/cpu tells what the
 * process has taken of the processor, in µs.
 */
import { createParser } from 'eventsource-parser';
import { request } from 'undici';

export default function register(RED) {
  RED.nodes.registerType('bench-driver', function construct(config) {
    RED.nodes.createNode(this, config);
    const waiting = new Map();
    const ask = config.bareUrl ? () => bare(config) : () => throughFlow(this, waiting, config.payload);
    this.on('input', (msg, _send, done) => {
      waiting.get(msg.bench)?.(msg);
      waiting.delete(msg.bench);
      done();
    });
    RED.httpNode.post(`/bench/${config.id}`, (req, res) => {
      run(ask, req.body).then((result) => res.json(result), (error) => res.status(500).send(String(error)));
    });
    RED.httpNode.get(`/bench/${config.id}/cpu`, (req, res) => {
      const { user, system } = process.cpuUsage();
      res.json({ cpu: user + system });
    });
    RED.httpNode.post(`/bench/${config.id}/open`, (req, res) => {
      open(ask, req.body.count).then((result) => res.json(result), (error) => res.status(500).send(String(error)));
    });
  });
}

let next = 0;

function throughFlow(node, waiting, payload) {
  return new Promise((resolve) => {
    const bench = next++;
    waiting.set(bench, resolve);
    node.send({ payload: typeof payload === 'string' ? payload : structuredClone(payload), bench });
  });
}

async function bare({ bareUrl, body, parse }) {
  const response = await request(bareUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), headersTimeout: 0, bodyTimeout: 0 });
  const answer = await response.body.text();
  if (!parse) return answer;
  let text = '';
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data !== '[DONE]') text += JSON.parse(data).choices[0]?.delta.content ?? '';
    },
  });
  parser.feed(answer);
  return text;
}

/** Latencies in ms and the rate of `count` requests, `concurrency` of them at a time. */
async function run(ask, { count, concurrency }) {
  const latencies = new Float64Array(count);
  let started = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (started < count) {
        const index = started++;
        const at = performance.now();
        await ask();
        latencies[index] = performance.now() - at;
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  latencies.sort();
  return { p50: latencies[Math.floor(count * 0.5)], p99: latencies[Math.floor(count * 0.99)], rate: count / seconds };
}

/** What `count` requests hold in memory that have had one token and stay open, in bytes each. */
async function open(ask, count) {
  globalThis.gc?.();
  const before = process.memoryUsage();
  for (let index = 0; index < count; index++) void ask();
  await until(() => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length >= count);
  globalThis.gc?.();
  const after = process.memoryUsage();
  return { heap: (after.heapUsed - before.heapUsed) / count, rss: (after.rss - before.rss) / count };
}

async function until(holds) {
  const deadline = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('The streams did not open within 30 s.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // The first tokens have still to be read.
  await new Promise((resolve) => setTimeout(resolve, 500));
}
