/** Readers that stand still, over real connections. When the socket's timer runs out is Node.js's matter: here it does so at once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { boundReader, hasStoodStill, write } from '../../nodes/runtime/slow-reader.ts';
import { settled } from '../support/fake-time.ts';

const dayMs = 86_400_000;

/** An answer whose reader takes nothing. */
async function open(t: TestContext, stallMs: number): Promise<ServerResponse> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, res] = (await once(server, 'request')) as [unknown, ServerResponse];
  boundReader(res, stallMs);
  t.after(() => {
    socket.destroy();
    server.close();
  });
  return res;
}

/** Writes until nothing more fits on the way to the reader. */
async function fill(res: ServerResponse): Promise<void> {
  let behind: void | Promise<void>;
  do {
    behind = write(res, 'x'.repeat(1024 * 1024));
    for (let turn = 0; turn < 20; turn++) await settled();
  } while (behind === undefined || res.writableLength === 0);
}

describe('A reader', () => {
  it('that stands still while an answer waits for it is given up', async (t) => {
    const res = await open(t, 50);
    assert.equal(hasStoodStill(res), false);
    const closed = once(res, 'close');
    await fill(res);
    await closed;
    assert.equal(hasStoodStill(res), true);
  });

  it('that stands still before the end of a whole answer is given up too', async (t) => {
    const res = await open(t, 50);
    const closed = once(res, 'close');
    res.end('x'.repeat(64 * 1024 * 1024));
    await closed;
    assert.deepEqual([hasStoodStill(res), res.writableFinished], [true, false]);
  });

  it('for whom nothing waits is not late', async (t) => {
    const res = await open(t, dayMs);
    await write(res, 'a token');
    await settled();
    res.emit('timeout');
    assert.deepEqual([hasStoodStill(res), res.destroyed], [false, false]);
  });

  it('may stand still for ever where that is wanted', async (t) => {
    const res = await open(t, 0);
    await fill(res);
    assert.deepEqual([res.listenerCount('timeout'), res.socket?.timeout ?? 0], [0, 0]);
  });

  it('that goes away has not stood still', async (t) => {
    const res = await open(t, dayMs);
    const closed = once(res, 'close');
    res.destroy();
    await closed;
    assert.equal(hasStoodStill(res), false);
  });
});
