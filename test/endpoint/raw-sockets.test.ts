/** Clients that speak HTTP byte by byte, and badly: whatever they do, their places, sockets and memory come back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { NodeAPI } from 'node-red';
import { bodyMemory } from '../../nodes/endpoint/body-memory.ts';
import { chat, type EndpointSetup, hello, startEndpoint, type TestEndpoint } from '../support/endpoint.ts';
import { answers, finish, hangs, text } from '../support/scripted-client.ts';

const { events } = createRequire(import.meta.url)('@node-red/util') as Pick<NodeAPI, 'events'>;
const hi = answers([text('Hi')], [finish]);
const json = JSON.stringify(hello);

function head(length: number, ...lines: string[]): string {
  return [`POST /v1${chat} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', `Content-Length: ${length}`, ...lines].join('\r\n') + '\r\n\r\n';
}

interface Client {
  readonly socket: Socket;
  /** Resolves with all that has come as soon as it fits. */
  readonly until: (fits: RegExp) => Promise<string>;
  readonly send: (text: string) => Promise<void>;
}

async function connectTo({ port }: TestEndpoint): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let received = '';
  socket.on('data', (piece) => (received += String(piece)));
  socket.on('error', () => undefined);
  return {
    socket,
    until: async (fits) => {
      while (!fits.test(received)) {
        if (socket.closed) assert.fail(`Closed after: ${received}`);
        await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      }
      return received;
    },
    send: (text) => new Promise((resolve) => void socket.write(text, () => resolve())),
  };
}

/** With room for one request alone: a place that is lost shows at the next one. */
async function start(t: TestContext, { config, ...setup }: EndpointSetup = {}): Promise<TestEndpoint> {
  const endpoint = await startEndpoint(t, { config: { maxOpen: 1, ...config }, ...setup });
  return endpoint;
}

/** Resolves when a further request is answered: others may still be about to leave. */
async function isFree({ post, sockets, flow }: TestEndpoint): Promise<void> {
  let status = 429;
  while (status === 429) {
    const response = await post(chat, hello);
    await response.text();
    ({ status } = response);
  }
  assert.equal(status, 200);
  for (const socket of sockets) socket.destroy();
  while (sockets.size > 0) await new Promise(setImmediate);
  assert.equal(bodyMemory({ events, settings: {} } as NodeAPI).used, 0);
  assert.ok(flow.has('endpoint'));
}

describe('A client that goes away', () => {
  for (const [phase, bytes] of [
    ['in the middle of its headers', head(json.length).slice(0, 40)],
    ['before its body', head(json.length)],
    ['in the middle of its body', head(json.length) + json.slice(0, 20)],
    ['in the middle of a body of chunks', head(0, 'Transfer-Encoding: chunked').replace(/Content-Length: 0\r\n/, '') + '5\r\n{"mes\r\n'],
    ['once it has asked', head(json.length) + json],
  ] as const) {
    for (const how of ['destroy', 'resetAndDestroy'] as const) {
      it(`${phase} leaves nothing behind (${how})`, async (t) => {
        const endpoint = await start(t, { scripts: phase === 'once it has asked' ? [hangs(), hi] : [hi] });
        const { socket, send } = await connectTo(endpoint);
        await send(bytes);
        if (phase === 'once it has asked') await endpoint.flow.status('endpoint', 'busy');
        socket[how]();
        await isFree(endpoint);
      });
    }
  }
});

describe('A body', () => {
  it('that stands still gives its place back, with a failure in the API’s form and the end of the connection', async (t) => {
    const endpoint = await start(t, { scripts: [hi], config: { bodyTimeoutMs: 100 } });
    const { socket, send, until } = await connectTo(endpoint);
    await send(head(json.length) + json.slice(0, 20));
    const received = await until(/\r\n\r\n\{.*\}$/);
    assert.match(received, /^HTTP\/1\.1 408 [^]+connection: close[^]+"error":\{"message":"The body took too long\./i);
    if (!socket.closed) await once(socket, 'close');
    await isFree(endpoint);
  });

  it('that comes byte by byte, to keep its place, loses it', async (t) => {
    const endpoint = await start(t, { scripts: [hi], config: { bodyTimeoutMs: 200 } });
    const { socket, send, until } = await connectTo(endpoint);
    await send(head(1_000_000));
    const drip = setInterval(() => void (socket.writable && socket.write(' ')), 20);
    t.after(() => clearInterval(drip));
    assert.match(await until(/\r\n\r\n\{.*\}$/), /^HTTP\/1\.1 408 /);
    await isFree(endpoint);
  });

  it('beyond the memory of all bodies together is shed, and one that is alone is not', async (t) => {
    const endpoint = await start(t, { scripts: [hi, hi], config: { maxOpen: 0 }, settings: { llm: { bodiesMb: 0.0001 } } });
    const slow = await connectTo(endpoint);
    await slow.send(head(json.length) + json.slice(0, 50));
    // The bytes of the first are there once the second is refused for them.
    let response = await endpoint.post(chat, hello);
    while (response.status === 200) response = await endpoint.post(chat, hello);
    assert.deepEqual([response.status, response.headers.get('retry-after')], [429, '1']);
    await slow.send(json.slice(50));
    assert.match(await slow.until(/\}$/), /^HTTP\/1\.1 200 /);
    await isFree(endpoint);
  });

  it('may be announced: what waits for 100 Continue is told to go on', async (t) => {
    const endpoint = await start(t, { scripts: [hi, hi] });
    const { send, until } = await connectTo(endpoint);
    await send(head(json.length, 'Expect: 100-continue'));
    await until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    await send(json);
    assert.match(await until(/\}$/), /HTTP\/1\.1 200 OK[^]+"content":"Hi"/);
    await isFree(endpoint);
  });
});

describe('A connection', () => {
  it('with several requests at once gets their answers in order', async (t) => {
    const endpoint = await start(t, { config: { maxOpen: 0 }, scripts: [answers([text('First')], [finish]), answers([text('Second')], [finish]), hi] });
    const { send, until } = await connectTo(endpoint);
    await send(head(json.length) + json + `GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n` + head(json.length) + json);
    const received = await until(/(?:HTTP\/1\.1 200 [^]+){3}\}$/);
    assert.match(received, /"content":"First"[^]+"object":"list"[^]+"content":"Second"/);
    await isFree(endpoint);
  });

  it('that closes in the middle of several requests leaves none of them open', async (t) => {
    const endpoint = await start(t, { config: { maxOpen: 3 }, scripts: [hangs(), hangs(), hi] });
    const { socket, send } = await connectTo(endpoint);
    await send((head(json.length) + json).repeat(2) + head(json.length) + json.slice(0, 10));
    await endpoint.flow.status('endpoint', '2 busy');
    socket.destroy();
    while (endpoint.client.attempts < 2) await new Promise(setImmediate);
    await isFree(endpoint);
  });

  it('asks with HEAD and OPTIONS, too, and stays', async (t) => {
    const endpoint = await start(t, { scripts: [hi, hi], config: { cors: 'https://chat.example.com' } });
    const { send, until } = await connectTo(endpoint);
    await send('HEAD /v1/models HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(/^HTTP\/1\.1 200 [^]+\r\n\r\n$/);
    await send(`OPTIONS /v1${chat} HTTP/1.1\r\nHost: x\r\nOrigin: https://chat.example.com\r\nAccess-Control-Request-Method: POST\r\n\r\n`);
    await until(/HTTP\/1\.1 204 [^]+access-control-allow-origin: https:\/\/chat\.example\.com[^]+\r\n\r\n$/i);
    await send(head(json.length) + json);
    assert.match(await until(/\}$/), /HTTP\/1\.1 200 OK[^]+"content":"Hi"/);
    await isFree(endpoint);
  });
});
