/** HTTP over real sockets: cancelling reaches the server, a slow reader holds it back, and each failure is told. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { parseJson, readText } from '../../nodes/core/answer-bound.ts';
import { arrive, Explained, listen, step } from '../support/exchanges.ts';
import type { Exchange } from '../support/server.ts';

const somebody = { id: 'x', label: 'X', url: 'http://x.test' };
const gone = new Error('The caller went away.');

describe('an HTTP request', () => {
  it('brings head, body and the request itself over', async (t) => {
    const { open, server } = await listen(t, (exchange) => exchange.text(201, 'hällo', { 'x-kind': 'test' }));
    const connected: number[] = [];
    const url = `${server.url}/a/b?c=d`;
    const { status, headers, body } = await open({ method: 'POST', url, headers: { 'x-key': 'k' }, body: '{"a":1}', onConnected: () => connected.push(1) });
    assert.deepEqual([status, headers['x-kind'], await readText(body, somebody)], [201, 'test', 'hällo']);
    const [request] = server.requests;
    assert.deepEqual([request?.method, request?.path, request?.headers['x-key'], request?.json], ['POST', '/a/b?c=d', 'k', { a: 1 }]);
    assert.equal(connected.length, 1);
  });

  it('hands on each chunk as it comes', async (t) => {
    const written = [step(), step()];
    const { open } = await listen(t, async (exchange) => {
      exchange.startStream();
      for (const [at, next] of written.entries()) {
        await next.promise;
        await exchange.write(`chunk ${at}`);
      }
      exchange.end();
    });
    const body = (await open()).body[Symbol.asyncIterator]();
    for (const [at, next] of written.entries()) {
      const chunk = body.next();
      next.resolve();
      assert.equal((await chunk).value?.toString(), `chunk ${at}`);
    }
    assert.deepEqual(await body.next(), { value: undefined, done: true });
  });

  it('leaves its connection to the next one when its body is read to the end', async (t) => {
    const ports = new Set<number | undefined>();
    const { open } = await listen(t, (exchange) => {
      ports.add(exchange.socket.remotePort);
      exchange.text(200, 'x');
    });
    for (let times = 0; times < 10; times++) await readText((await open()).body, somebody);
    // Two take turns: undici lets a connection rest for one turn of the event loop.
    assert.ok(ports.size <= 2);
  });

  it('waits for no other: each that is under way has a connection of its own', async (t) => {
    const exchanges: Exchange[] = [];
    const all = step();
    const { open } = await listen(t, (exchange) => {
      if (exchanges.push(exchange) === 20) all.resolve();
    });
    const responses = Array.from({ length: 20 }, () => open());
    await all.promise;
    for (const exchange of exchanges) exchange.text(200, 'x');
    for (const response of responses) assert.equal(await readText((await response).body, somebody), 'x');
  });

  it('leaves nothing on the signal when it is done', async (t) => {
    const { open } = await listen(t, (exchange) => exchange.text(200, 'x'));
    const { signal } = new AbortController();
    await readText((await open({ signal })).body, somebody);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});

describe('a cancelled HTTP request', () => {
  it('opens no connection where it is cancelled already', async (t) => {
    const { open, connections } = await listen(t, () => undefined);
    const dispatch = t.mock.method(connections.kept, 'dispatch');
    await assert.rejects(open({ signal: AbortSignal.abort(gone) }), gone);
    assert.equal(dispatch.mock.callCount(), 0);
  });

  it('is never sent where it is cancelled while it connects', async (t) => {
    const { open, server } = await listen(t, (exchange) => exchange.text(200, 'x'));
    const controller = new AbortController();
    const response = open({ signal: controller.signal, onConnected: () => assert.fail('It was sent.') });
    controller.abort(gone);
    await assert.rejects(response, gone);
    await readText((await open()).body, somebody);
    assert.equal(server.requests.length, 1);
  });

  it('closes the connection before the head, and fails with the reason', async (t) => {
    const controller = new AbortController();
    const { response, exchange } = await arrive(t, { signal: controller.signal });
    controller.abort(gone);
    await assert.rejects(response, gone);
    await exchange.closed;
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  });

  it('closes the connection after the head, and its reader fails with the reason', async (t) => {
    const controller = new AbortController();
    const { response, exchange } = await arrive(t, { signal: controller.signal });
    exchange.startStream();
    const { body } = await response;
    const text = readText(body, somebody);
    controller.abort(gone);
    await assert.rejects(text, gone);
    await exchange.closed;
  });

  it('closes the connection in the middle of the body, and its reader fails with the reason', async (t) => {
    const controller = new AbortController();
    const { response, exchange } = await arrive(t, { signal: controller.signal });
    exchange.startStream();
    await exchange.write('half');
    const chunks: string[] = [];
    await assert.rejects(async () => {
      for await (const chunk of (await response).body) {
        chunks.push(chunk.toString());
        controller.abort(gone);
      }
    }, gone);
    assert.deepEqual(chunks, ['half']);
    await exchange.closed;
  });

  it('does not disturb the others', async (t) => {
    const controller = new AbortController();
    const arrived = step();
    const { open, server } = await listen(t, async (exchange) => {
      if (exchange.request.path === '/cancelled') return arrived.resolve();
      controller.abort(gone);
      exchange.text(200, 'x');
    });
    const cancelled = assert.rejects(open({ url: `${server.url}/cancelled`, signal: controller.signal }), gone);
    await arrived.promise;
    assert.equal(await readText((await open()).body, somebody), 'x');
    await cancelled;
  });
});

describe('a reader', () => {
  const mebibyte = 1024 * 1024;
  const total = 256 * mebibyte;

  /** Sends a large body as fast as it is taken, and tells at /taken how much that was so far. */
  async function flood(t: TestContext) {
    let taken = 0;
    const { open, server } = await listen(t, async (exchange) => {
      if (exchange.request.path === '/taken') return exchange.text(200, String(taken));
      exchange.startStream();
      const chunk = Buffer.alloc(mebibyte, 'x');
      for (; taken < total; taken += mebibyte) await exchange.write(chunk);
      exchange.end();
    });
    const askTaken = async () => Number(await readText((await open({ url: `${server.url}/taken` })).body, somebody));
    return { open, askTaken };
  }

  it('that stops holds the server back, and gets everything when it goes on', async (t) => {
    const { open, askTaken } = await flood(t);
    const body = (await open()).body[Symbol.asyncIterator]();
    let read = (await body.next()).value?.length ?? 0;

    // The system takes some megabytes; then nothing more is taken, however often one asks.
    let taken = await askTaken();
    for (let unchanged = 0; unchanged < 200 && taken < total; unchanged++) {
      const now = await askTaken();
      if (now !== taken) unchanged = 0;
      taken = now;
    }
    assert.ok(taken < total / 4, `${taken / mebibyte} MiB were taken.`);

    for (let chunk = await body.next(); !chunk.done; chunk = await body.next()) read += chunk.value.length;
    assert.equal(read, total);
  });

  it('that leaves early closes the connection', async (t) => {
    const { response, exchange } = await arrive(t);
    exchange.startStream();
    await exchange.write('one');
    for await (const chunk of (await response).body) {
      assert.equal(chunk.toString(), 'one');
      break;
    }
    await exchange.closed;
  });

  it('that leaves while it holds the server back closes the connection too', async (t) => {
    const closed = step();
    const { open } = await listen(t, async (exchange) => {
      void exchange.closed.then(closed.resolve);
      exchange.startStream();
      await exchange.write(Buffer.alloc(8 * mebibyte));
    });
    for await (const _chunk of (await open()).body) break;
    await closed.promise;
  });

  it('gets a character whole that comes in two chunks', async (t) => {
    const { response, exchange } = await arrive(t);
    exchange.startStream();
    const llama = Buffer.from('🦙');
    await exchange.write(llama.subarray(0, 2));
    await exchange.write(llama.subarray(2));
    exchange.end();
    assert.equal(await readText((await response).body, somebody), '🦙');
  });
});

describe('a broken connection', () => {
  /** The explained error of a promise, and the system's own code for it. */
  async function codeOf(promise: Promise<unknown>): Promise<unknown> {
    const error: unknown = await promise.catch((caught: unknown) => caught);
    assert.ok(error instanceof Explained, String(error));
    return (error.original as NodeJS.ErrnoException).code;
  }

  it('that is refused is explained', async (t) => {
    const { open, server } = await listen(t, () => undefined);
    await server.close();
    assert.equal(await codeOf(open()), 'ECONNREFUSED');
  });

  it('that is reset before the head is explained', async (t) => {
    const { response, exchange } = await arrive(t);
    exchange.reset();
    assert.match(String(await codeOf(response)), /ECONNRESET|UND_ERR_SOCKET/);
  });

  it('that is closed before the head is explained', async (t) => {
    const { response, exchange } = await arrive(t);
    exchange.socket.end();
    assert.equal(await codeOf(response), 'UND_ERR_SOCKET');
  });

  it('that is reset after the head is explained to the reader', async (t) => {
    const { response, exchange } = await arrive(t);
    exchange.startStream();
    const { body } = await response;
    exchange.reset();
    assert.match(String(await codeOf(readText(body, somebody))), /ECONNRESET|UND_ERR_SOCKET/);
  });

  it('that is reset in the middle of the body is explained after the chunks that came', async (t) => {
    const { response, exchange } = await arrive(t);
    exchange.startStream();
    await exchange.write('half');
    const body = (await response).body[Symbol.asyncIterator]();
    assert.equal((await body.next()).value?.toString(), 'half');
    exchange.reset();
    assert.match(String(await codeOf(body.next())), /ECONNRESET|UND_ERR_SOCKET/);
  });

  for (const [how, head] of [
    ['lacks its last chunk', 'transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['is shorter than its head says', 'content-length: 8\r\n\r\nhalf'],
  ]) {
    it(`is noticed where a body ${how}`, async (t) => {
      const { open } = await listen(t, (exchange) => exchange.replay(Buffer.from(`HTTP/1.1 200 OK\r\n${head}`)));
      const body = (await open()).body[Symbol.asyncIterator]();
      assert.equal((await body.next()).value?.toString(), 'half');
      assert.match(String(await codeOf(body.next())), /UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|HPE_INVALID_EOF_STATE/);
    });
  }

  it('is explained where what comes is no HTTP', async (t) => {
    const { open } = await listen(t, (exchange) => exchange.replay(Buffer.from('SSH-2.0-OpenSSH_9.6\r\n')));
    await assert.rejects(open(), Explained);
  });
});

describe('the text of a body', () => {
  it('is JSON where it is JSON, else itself', () => {
    assert.deepEqual(parseJson('{"a":[1]}'), { a: [1] });
    assert.equal(parseJson('<html>'), '<html>');
    assert.equal(parseJson(''), '');
  });
});
