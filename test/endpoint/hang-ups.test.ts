/** A thousand clients that hang up whenever they like: nothing goes on for them, and nothing is left. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { calls } from '../../nodes/runtime/calls.ts';
import { chat, hello, startEndpoint, type TestEndpoint } from '../support/endpoint.ts';
import { settled } from '../support/fake-time.ts';
import { type Exchange, startServer } from '../support/server.ts';

/** The same chances in every run. */
function steadyChance(): (most: number) => number {
  let state = 20_260_101;
  return (most) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    return (state >> 8) % most;
  };
}

/** A provider that streams so many tokens, one a turn, and counts the requests that it works on. */
async function startProvider(t: TestContext, chance: (most: number) => number) {
  let open = 0;
  let served = 0;
  const answer = async (exchange: Exchange) => {
    open++;
    served++;
    const gone = new AbortController();
    void exchange.closed.then(() => {
      gone.abort();
      open--;
    });
    for (let turn = chance(5); turn > 0; turn--) await settled();
    exchange.startStream();
    const chunk = (delta: object, reason: string | null = null) => `data: ${JSON.stringify({ model: 'm', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
    for (let token = 0; token < 20 && !gone.signal.aborted; token++) {
      await exchange.write(chunk({ content: `${token} ` }));
      await settled();
    }
    if (!gone.signal.aborted) exchange.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
  };
  const server = await startServer(answer);
  t.after(() => server.close());
  return { url: server.url, open: () => open, served: () => served };
}

/** What a client does before it hangs up. */
type Fate = 'half the head' | 'half the body' | 'all' | 'first bytes' | 'some bytes' | 'everything';
const fates: readonly Fate[] = ['half the head', 'half the body', 'all', 'first bytes', 'some bytes', 'everything'];

/** Resolves when the client is gone: with what it has received, where it waited for everything. */
function client({ port }: TestEndpoint, fate: Fate, stream: boolean, chance: (most: number) => number): Promise<string> {
  const body = JSON.stringify({ ...hello, stream });
  const request = `POST /v1${chat} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const cut = fate === 'half the head' ? 40 : fate === 'half the body' ? request.length - 10 : request.length;
  const enough = fate === 'first bytes' ? 1 : 500 + chance(3000);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(received));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      if (fate !== 'everything' && received.length >= enough) socket.destroy();
    });
    socket.write(request.slice(0, cut), () => {
      if (fate === 'first bytes' || fate === 'some bytes' || fate === 'everything') return;
      if (chance(2) === 0) socket.destroy();
      else void settled().then(() => socket.resetAndDestroy());
    });
  });
}

test('A thousand clients that hang up at random leave no request at the provider, and no call', async (t) => {
  const chance = steadyChance();
  const provider = await startProvider(t, chance);
  const endpoint = await startEndpoint(t, {
    config: { maxOpen: 0 },
    nodes: [
      { id: 'fallback', type: 'llm-fallback', branches: [{}, {}], wires: [[], ['pool'], ['second']] },
      { id: 'pool', type: 'llm-pool', members: [{}, {}], wires: [[], ['first'], ['second']] },
      ...['first', 'second'].map((id) => ({ id, type: 'llm-vllm', server: 'server', model: 'm', maxConcurrent: 20, maxQueued: 1000, wires: [[]] })),
      { id: 'server', type: 'llm-vllm-server', url: provider.url, healthIntervalMs: 0 },
    ],
  });

  const clients: Array<Promise<void>> = [];
  for (let number = 0; number < 1000; number++) {
    const fate = fates[chance(fates.length)] as Fate;
    const stream = chance(2) === 0;
    clients.push(
      client(endpoint, fate, stream, chance).then((received) => {
        if (fate !== 'everything') return;
        assert.match(received, /^HTTP\/1\.1 200 OK/);
        assert.ok(stream ? received.includes('[DONE]') : received.includes('"content":"0 1 2 '), received);
      }),
    );
    if (number % 40 === 0) await settled();
  }
  await Promise.all(clients);

  while (provider.open() > 0 || calls.size > 0 || endpoint.sockets.size > 0) await settled();
  assert.ok(provider.served() > 300, `${provider.served()} requests came to the provider.`);
  const after = await endpoint.post(chat, hello);
  assert.match(await after.text(), /"content":"0 1 2 /);
});
