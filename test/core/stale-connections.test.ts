/** Servers that close a kept connection just as a request comes: it goes over a fresh one, and nobody notices. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { LlamaCppClient } from '../../nodes/backends/llamacpp/client.ts';
import { OpenAiAccount } from '../../nodes/backends/openai/account.ts';
import { OpenAiClient } from '../../nodes/backends/openai/client.ts';
import { Backend } from '../../nodes/core/backend.ts';
import type { ModelClient } from '../../nodes/core/client.ts';
import { bus } from '../../nodes/core/events.ts';
import { defaultLimits } from '../../nodes/core/limits.ts';
import { ModelServer } from '../../nodes/core/model-server.ts';
import { settled } from '../support/fake-time.ts';
import { requestOf } from '../support/requests.ts';

const hello = requestOf('Hello');

const answer = JSON.stringify({ model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }] });
const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${answer.length}\r\n\r\n`;

/** What becomes of a request, the first on its connection or a later one. */
type Fate = (socket: Socket, place: { ofConnection: number; ofAll: number }) => void;

const answers: Fate = (socket) => socket.write(head + answer);

interface Tcp {
  readonly url: string;
  requests: number;
  connections: number;
}

/** A server that is told request by request what to do. Each request comes in one piece: it is small. */
async function listen(t: TestContext, fate: Fate): Promise<Tcp> {
  const sockets = new Set<Socket>();
  const tcp = { url: '', requests: 0, connections: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    tcp.connections++;
    let ofConnection = 0;
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, length] = /content-length: (\d+)/i.exec(text) ?? [];
      if (length === undefined || text.length < text.indexOf('\r\n\r\n') + 4 + Number(length)) return;
      text = '';
      fate(socket, { ofConnection: ++ofConnection, ofAll: ++tcp.requests });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  tcp.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return tcp;
}

const clients: Record<string, (t: TestContext, url: string) => ModelClient> = {
  'a server of one’s own': (t, url) => {
    const server = new ModelServer({ id: 'llamacpp', label: 'llama.cpp', url }, undefined);
    t.after(() => server.close());
    return new LlamaCppClient(server, { api: 'chat', cachePrompt: true });
  },
  'a provider by its SDK': (t, url) => {
    const account = new OpenAiAccount({ baseUrl: `${url}/v1` });
    t.after(() => account.close());
    return new OpenAiClient(account, { api: 'chat', maxTokensField: 'max_tokens' });
  },
};

/** A backend that would wait for an hour before it tries again. */
function backendOf(client: ModelClient): Backend {
  const limits = { ...defaultLimits, retryBaseMs: 3_600_000, retryMaxMs: 3_600_000, totalTimeoutMs: 60_000, breakerFailures: 1 };
  return new Backend({ identity: { id: 'b', name: 'b', type: 'b' }, client, model: 'm', limits });
}

/** Makes the connection that the next request goes over. */
async function connect(backend: Backend): Promise<void> {
  await backend.complete(hello);
  // undici lets a connection rest for a turn of the event loop.
  for (let turns = 3; turns > 0; turns--) await settled();
}

for (const [name, clientOf] of Object.entries(clients)) {
  describe(`A kept connection to ${name}`, () => {
    for (const [how, close] of [['ends', (socket: Socket) => socket.end()], ['is reset', (socket: Socket) => socket.resetAndDestroy()]] as const) {
      it(`that ${how} unread is no failure: none of 500 requests waits`, async (t) => {
        const server = await listen(t, (socket, place) => (place.ofConnection % 3 === 0 ? close(socket) : answers(socket, place)));
        const backend = backendOf(clientOf(t, server.url));
        const retries: unknown[] = [];
        t.after(bus.on('retry', (retry) => retries.push(retry)));
        for (let left = 50; left > 0; left--) {
          const completions = await Promise.all(Array.from({ length: 10 }, () => backend.complete(hello)));
          for (const { text, attempts } of completions) assert.deepEqual([text, attempts.map(({ outcome }) => outcome)], ['Hi', ['ok']]);
        }
        assert.ok(server.requests > 520, `${server.requests - 500} requests were sent again.`);
        assert.deepEqual([retries, backend.breakerState], [[], 'closed']);
      });
    }

    it('is replaced once: a fresh one that is closed too is a failure', async (t) => {
      const server = await listen(t, (socket, place) => (place.ofAll === 1 ? answers(socket, place) : socket.resetAndDestroy()));
      const backend = backendOf(clientOf(t, server.url));
      await connect(backend);
      await assert.rejects(backend.complete(hello), { kind: 'unavailable' });
      assert.deepEqual([server.requests, server.connections, backend.breakerState], [3, 2, 'open']);
    });

    it('that is closed after a part of an answer’s head is not: the request was read', async (t) => {
      const server = await listen(t, (socket, place) => (place.ofAll === 1 ? answers(socket, place) : socket.end('HTTP/1.1 200 ')));
      const backend = backendOf(clientOf(t, server.url));
      await connect(backend);
      await assert.rejects(backend.complete(hello), { kind: 'unavailable' });
      assert.deepEqual([server.requests, server.connections], [2, 1]);
    });

    it('that is closed in the middle of an answer is not', async (t) => {
      const server = await listen(t, (socket, place) => (place.ofAll === 1 ? answers(socket, place) : socket.end(head + answer.slice(0, 20))));
      const backend = backendOf(clientOf(t, server.url));
      await connect(backend);
      await assert.rejects(backend.complete(hello));
      assert.deepEqual([server.requests, server.connections], [2, 1]);
    });

    it('that was closed long after the request came is not: the server had begun to work', async (t) => {
      const arrived = Promise.withResolvers<Socket>();
      const server = await listen(t, (socket, place) => (place.ofAll === 1 ? answers(socket, place) : arrived.resolve(socket)));
      const backend = backendOf(clientOf(t, server.url));
      await connect(backend);
      const asked = assert.rejects(backend.complete(hello), { kind: 'unavailable' });
      const socket = await arrived.promise;
      const now = performance.now();
      t.mock.method(performance, 'now', () => now + 1_500);
      socket.end();
      await asked;
      assert.deepEqual([server.requests, server.connections], [2, 1]);
    });

    it('that has not served before is not', async (t) => {
      const server = await listen(t, (socket) => socket.end());
      const backend = backendOf(clientOf(t, server.url));
      await assert.rejects(backend.complete(hello), { kind: 'unavailable' });
      assert.equal(server.requests, 1);
    });
  });
}

it('A cancelled request is not sent again', async (t) => {
  const arrived = Promise.withResolvers<Socket>();
  const server = await listen(t, (socket, place) => (place.ofAll === 1 ? answers(socket, place) : arrived.resolve(socket)));
  const backend = backendOf(clients['a server of one’s own']!(t, server.url));
  await connect(backend);
  const gone = new AbortController();
  const asked = assert.rejects(backend.complete(hello, { signal: gone.signal }), { kind: 'cancelled' });
  const socket = await arrived.promise;
  socket.end();
  gone.abort();
  await asked;
  await once(socket, 'close');
  assert.deepEqual([server.requests, server.connections], [2, 1]);
});
