/** Clients that ask and never read: their requests end, and their places are free again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { bus, type LlmEvents } from '../../nodes/core/events.ts';
import { chat, hello, startEndpoint, type TestEndpoint } from '../support/endpoint.ts';
import { answers, finish, type Script, text } from '../support/scripted-client.ts';

const piece = [text('x'.repeat(65_536))];
const fine = answers([text('Hi'), finish]);

/** Streams for ever, and says why it was stopped. */
function endless(): { script: Script; stopped: Promise<unknown> } {
  const { promise: stopped, resolve } = Promise.withResolvers<unknown>();
  const script: Script = async function* ({ onConnected, signal }) {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
    onConnected();
    for (;;) {
      signal.throwIfAborted();
      yield piece;
      await new Promise((turn) => setImmediate(turn));
    }
  };
  return { script, stopped };
}

async function askAndStandStill(t: TestContext, { port }: TestEndpoint, stream: boolean): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  const body = JSON.stringify({ ...hello, stream });
  socket.write(`POST /v1${chat} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return socket;
}

function nextServed(t: TestContext): Promise<LlmEvents['served']> {
  return new Promise((resolve) => t.after(bus.on('served', resolve)));
}

describe('A client that never reads', () => {
  it('has its stream cancelled down to the provider, with the reason, and its place is free again', async (t) => {
    const { script, stopped } = endless();
    const endpoint = await startEndpoint(t, { config: { maxOpen: 1, readerStallMs: 100 }, scripts: [script, fine] });
    const served = nextServed(t);
    await askAndStandStill(t, endpoint, true);
    const reason = (await stopped) as { kind: string; message: string };
    assert.equal(reason.kind, 'cancelled');
    assert.match(reason.message, /taken nothing of its answer for 100 ms/);
    assert.equal((await served).status, 499);
    const next = await endpoint.post(chat, hello);
    assert.equal(next.status, 200);
  });

  it('of a whole answer loses its connection', async (t) => {
    const large = answers([text('x'.repeat(48 * 1024 * 1024)), finish]);
    const endpoint = await startEndpoint(t, { config: { readerStallMs: 100 }, scripts: [large] });
    const served = nextServed(t);
    await askAndStandStill(t, endpoint, false);
    assert.equal((await served).status, 499);
  });
});
