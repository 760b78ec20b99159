/** An answer on its way to a client over a real connection. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { LlmError } from '../../nodes/core/errors.ts';
import { EventStream } from '../../nodes/endpoint/event-stream.ts';
import type { StreamWriter } from '../../nodes/formats/format.ts';
import { FakeTime, settled } from '../support/fake-time.ts';
import { completionOf } from '../support/formats.ts';
import { finish, text } from '../support/scripted-client.ts';

/** Writes what each call is for. */
const writer: StreamWriter = {
  begin: () => '<begin>',
  parts: (parts) => parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
  end: ({ text }, llm) => `<end ${text}${llm ? ' llm' : ''}>`,
  fail: ({ kind }) => `<${kind}>`,
};
const completion = completionOf([text('Hi'), finish]);

interface Subject {
  stream: EventStream;
  res: ServerResponse;
  socket: Socket;
  /** All that the client has received, once it has the text. */
  until: (text: string) => Promise<string>;
}

/** A client that waits for its answer, and the stream that it will get. */
async function open(t: TestContext, heartbeatMs = 0): Promise<Subject> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, res] = (await once(server, 'request')) as [unknown, ServerResponse];
  t.after(() => {
    socket.destroy();
    server.close();
  });
  const until = async (text: string) => {
    while (!received.includes(text)) await settled();
    return received;
  };
  return { stream: new EventStream(res, writer, heartbeatMs), res, socket, until };
}

/** Writes until the reader is behind: `behind` then waits for it. */
async function fill({ stream }: Subject): Promise<{ behind: Promise<void> }> {
  for (;;) {
    const behind = stream.write([text('x'.repeat(65_536))]);
    if (behind && !(await isSettled(behind))) return { behind };
  }
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  for (let turn = 0; turn < 20; turn++) await settled();
  return done;
}

describe('A stream of events', () => {
  it('sends its head with the first token, so that a failure before could have a status', async (t) => {
    const { stream, res, until } = await open(t);
    assert.deepEqual([stream.hasBegun, res.headersSent], [false, false]);
    await stream.write([text('one')]);
    assert.equal(stream.hasBegun, true);
    const received = await until('one');
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n/);
    for (const header of ['content-type: text/event-stream; charset=utf-8', 'cache-control: no-cache', 'x-accel-buffering: no']) assert.ok(received.includes(header), header);
    assert.match(received, /<begin>one/);
  });

  it('begins once, and ends with the completion', async (t) => {
    const { stream, until } = await open(t);
    await stream.write([text('one')]);
    await stream.write([text('two')]);
    stream.end(completion, { x: 1 });
    const received = (await until('0\r\n\r\n')).split('\r\n');
    assert.deepEqual(received.filter((line) => /^(<|two)/.test(line)), ['<begin>one', 'two', '<end Hi llm>']);
  });

  it('is whole though no token came', async (t) => {
    const { stream, until } = await open(t);
    stream.end(completion);
    assert.match(await until('0\r\n\r\n'), /<begin><end Hi>/);
  });

  it('says how it broke off', async (t) => {
    const { stream, until } = await open(t);
    await stream.write([text('one')]);
    stream.fail(new LlmError('interrupted', 'x'));
    assert.match(await until('0\r\n\r\n'), /<begin>one[^]*<interrupted>/);
  });

  it('sends nothing for parts that its format has no words for', async (t) => {
    const { stream, res } = await open(t);
    await stream.write([text('one')]);
    const write = t.mock.method(res, 'write');
    assert.equal(stream.write([finish]), undefined);
    assert.equal(write.mock.callCount(), 0);
  });
});

describe('A heartbeat', () => {
  it('goes out whenever nothing else has for so long, and brings the head with it', async (t) => {
    const time = new FakeTime(t);
    const { stream, until, res } = await open(t, 1000);
    await time.advance(999);
    assert.equal(stream.hasBegun, false);
    await time.advance(1);
    assert.equal(stream.hasBegun, true);
    assert.match(await until('waiting'), /<begin>: waiting\n\n/);
    const write = t.mock.method(res, 'write');
    await time.advance(600);
    await stream.write([text('one')]);
    await time.advance(600);
    assert.deepEqual(write.mock.calls.map(({ arguments: [bytes] }) => bytes), ['one']);
    await time.advance(2400);
    assert.deepEqual(write.mock.calls.map(({ arguments: [bytes] }) => bytes), ['one', ': waiting\n\n', ': waiting\n\n', ': waiting\n\n']);
  });

  it('is never sent where it is switched off', async (t) => {
    const time = new FakeTime(t);
    const { stream } = await open(t, 0);
    await time.advance(1_000_000);
    assert.equal(stream.hasBegun, false);
    assert.equal(time.timers, 0);
  });

  for (const [how, end] of [
    ['has ended', (stream: EventStream) => stream.end(completion)],
    ['has failed', (stream: EventStream) => stream.fail(new LlmError('server', 'x'))],
    ['is closed', (stream: EventStream) => stream.close()],
  ] as const) {
    it(`is not sent when the stream ${how}, whatever comes late`, async (t) => {
      const time = new FakeTime(t);
      const { stream, res } = await open(t, 1000);
      await stream.write([text('one')]);
      end(stream);
      assert.equal(time.timers, 0);
      const write = t.mock.method(res, 'write');
      if (how !== 'is closed') await stream.write([text('late')]);
      await time.advance(10_000);
      assert.equal(write.mock.callCount(), 0);
    });
  }

  it('is not sent to a reader that is behind', async (t) => {
    const time = new FakeTime(t);
    const subject = await open(t, 1000);
    subject.socket.pause();
    const { behind } = await fill(subject);
    const write = t.mock.method(subject.res, 'write');
    await time.advance(5000);
    assert.equal(write.mock.callCount(), 0);
    subject.socket.resume();
    await behind;
    await time.advance(1000);
    assert.equal(write.mock.callCount(), 1);
  });
});

describe('A reader that stalls', () => {
  it('holds back who writes, until it reads on', async (t) => {
    const subject = await open(t);
    const listeners = () => ['drain', 'close'].map((event) => subject.res.listenerCount(event));
    const before = listeners();
    subject.socket.pause();
    const { behind } = await fill(subject);
    subject.socket.resume();
    await behind;
    assert.equal(subject.res.writableNeedDrain, false);
    assert.deepEqual(listeners(), before);
  });

  it('and goes away holds nobody back any more, and leaves no listeners', async (t) => {
    const subject = await open(t);
    subject.socket.pause();
    const before = ['drain', 'close'].map((event) => subject.res.listenerCount(event));
    const { behind } = await fill(subject);
    subject.socket.resetAndDestroy();
    await behind;
    assert.deepEqual(['drain', 'close'].map((event) => subject.res.listenerCount(event)), before);
  });

  it('that has gone is written to in vain, without a failure', async (t) => {
    const { stream, res, socket } = await open(t);
    await stream.write([text('one')]);
    socket.resetAndDestroy();
    await once(res, 'close');
    assert.equal(stream.write([text('two')]), undefined);
    stream.fail(new LlmError('server', 'x'));
    stream.end(completion);
  });
});
