/** Bodies of requests, read from real connections up to a bound. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { maxValues } from '../../nodes/core/bounded-json.ts';
import { BodyMemory } from '../../nodes/endpoint/body-memory.ts';
import { readBody } from '../../nodes/endpoint/body.ts';
import { isLlmError } from '../../nodes/core/errors.ts';
import { Refusal } from '../../nodes/endpoint/status.ts';

const maxBytes = 64 * 1024;
const limits = { timeoutMs: 30_000, memory: new BodyMemory(Infinity) };

/** A server that reads each body and answers with what it got, or with what it refused it for. */
async function listen(t: TestContext, bytes = maxBytes): Promise<{ port: number; outcomes: unknown[] }> {
  const outcomes: unknown[] = [];
  const server = createServer((req, res) => {
    readBody(req, { ...limits, maxBytes: bytes }).then(
      (body) => {
        outcomes.push(body);
        res.end(JSON.stringify(body));
      },
      (error: unknown) => {
        outcomes.push(error);
        res.writeHead(error instanceof Refusal ? error.httpStatus : 400).end(isLlmError(error) ? error.message : 'unexplained');
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, outcomes };
}

async function post(t: TestContext, body: string | Uint8Array | Readable): Promise<{ status: number; text: string }> {
  const { port } = await listen(t);
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, duplex: 'half' } as RequestInit);
  return { status: response.status, text: await response.text() };
}

/** Sends the bytes as they are, and reads until the server has sent so many answers. */
async function exchange(port: number, pieces: readonly string[], answers: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  for (const piece of pieces) await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
  for await (const chunk of socket) {
    received += String(chunk);
    if (received.split('HTTP/1.1 ').length > answers) break;
  }
  socket.destroy();
  return received;
}

const head = (...lines: string[]) => `${['POST / HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\n\r\n`;

describe('A body', () => {
  it('is the object in it, in UTF-8, with a byte order mark or without', async (t) => {
    for (const text of ['{"a":"ä🦙"}', '\ufeff{"a":"ä🦙"}']) assert.deepEqual(await post(t, text), { status: 200, text: '{"a":"ä🦙"}' });
  });

  it('is read across chunks that cut its characters', async (t) => {
    const bytes = Buffer.from('{"a":"ä🦙"}');
    const stream = Readable.from([...bytes].map((byte) => Uint8Array.of(byte)));
    assert.deepEqual(await post(t, stream), { status: 200, text: '{"a":"ä🦙"}' });
  });

  it('is refused where it is no JSON, no object or no UTF-8', async (t) => {
    for (const body of ['', '{', '{"a":1', 'a=b', '{"a":1}{"b":2}', "{'a':1}", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])]) {
      const { status, text } = await post(t, body);
      assert.deepEqual([status, text.startsWith('The body is no JSON.')], [400, true], String(body));
    }
    for (const body of ['[]', '"a"', '7', 'null', 'true']) assert.deepEqual(await post(t, body), { status: 400, text: 'The body must be a JSON object.' });
  });

  it('is refused where it is nested deeper than what follows could bear', async (t) => {
    const nested = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    assert.equal((await post(t, nested(199))).status, 200);
    for (const levels of [200, 30_000]) assert.match((await post(t, nested(levels))).text, /nested more than 200 levels deep/);
  });

  it('that holds too many values is refused with the piece that is too much, before the rest has come', async (t) => {
    const { port, outcomes } = await listen(t, 4 * 1024 * 1024);
    const begun = `${head('Content-Length: 4000000')}{"a":[${'{},'.repeat(maxValues / 2)}`;
    assert.match(await exchange(port, [begun], 1), /^HTTP\/1\.1 400 [^]+The body holds more than 100,000 values\./);
    assert.equal(outcomes.length, 1);
  });

  it('may be as large as the bound and no larger, whether or not it says how large it is', async (t) => {
    const object = (size: number) => `{"a":"${'x'.repeat(size - 8)}"}`;
    const chunked = (text: string) => Readable.from([Buffer.from(text.slice(0, 1000)), Buffer.from(text.slice(1000))]);
    for (const as of [(text: string) => text, chunked]) {
      assert.equal((await post(t, as(object(maxBytes)))).status, 200);
      const { status, text } = await post(t, as(object(maxBytes + 1)));
      assert.deepEqual([status, text.startsWith('The body is larger than 64 KiB.')], [413, true]);
    }
  });

  it('counts in bytes', async (t) => {
    assert.equal((await post(t, `{"a":"${'ä'.repeat(maxBytes / 2)}"}`)).status, 413);
  });

  for (const [how, lines, body] of [
    ['says its length', [`Content-Length: ${4 * maxBytes}`], 'x'.repeat(4 * maxBytes)],
    ['says no length', ['Transfer-Encoding: chunked'], `${(4 * maxBytes).toString(16)}\r\n${'x'.repeat(4 * maxBytes)}\r\n0\r\n\r\n`],
  ] as const) {
    it(`that is too large and ${how} leaves the connection to the next one`, async (t) => {
      const { port } = await listen(t);
      const received = await exchange(port, [head(...lines), body, head('Content-Length: 2'), '{}'], 2);
      assert.match(received, /^HTTP\/1\.1 413 [^]+HTTP\/1\.1 200 /);
    });
  }

  it('that says it is too large is refused before it comes', async (t) => {
    const { port } = await listen(t);
    assert.match(await exchange(port, [head(`Content-Length: ${10 * maxBytes}`)], 1), /^HTTP\/1\.1 413 /);
  });

  it('is no longer than it says, and what follows is another request', async (t) => {
    const { port, outcomes } = await listen(t);
    const received = await exchange(port, [head('Content-Length: 2'), '{}', head('Content-Length: 7'), '{"b":2}'], 2);
    assert.match(received, /200 OK[^]+200 OK/);
    assert.deepEqual(outcomes, [{}, { b: 2 }]);
  });

  it('that breaks off is a failure that nobody hears', async (t) => {
    const { port, outcomes } = await listen(t);
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.write(`${head('Content-Length: 100')}{"a"`, () => resolve()));
    socket.destroy();
    while (outcomes.length === 0) await new Promise((resolve) => void setImmediate(resolve));
    assert.ok(outcomes[0] instanceof Error);
  });
});
