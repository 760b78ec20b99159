/** Servers that send more than any model says. Each is asked from a process with a small heap, which would end if it kept all of it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { readLegacyAnswer } from '../../nodes/backends/vllm/legacy-stream.ts';
import { parseJson, readErrorText, readText } from '../../nodes/core/answer-bound.ts';
import { classifyAnswer } from '../../nodes/core/classify.ts';
import { Answer } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { GrowingText } from '../../nodes/core/growing-text.ts';
import { ModelServer } from '../../nodes/core/model-server.ts';
import { requestOf } from '../support/requests.ts';

const mib = 1024 * 1024;
const provider = { id: 'x', label: 'X', url: 'http://x.test' };
const run = promisify(execFile);

interface Attack {
  readonly status?: number;
  readonly type?: string;
  readonly begin?: string;
  /** Again and again. */
  readonly piece: string;
  readonly total: number;
}

/** Sends as much as is taken, piece by piece. */
async function pour(res: ServerResponse, { status = 200, type = 'application/json', begin = '', piece, total }: Attack): Promise<number> {
  let sent = 0;
  const closed = once(res, 'close');
  res.writeHead(status, { 'content-type': type }).write(begin);
  while (sent < total && !res.destroyed) {
    sent += piece.length;
    if (!res.write(piece)) await Promise.race([once(res, 'drain').catch(() => undefined), closed]);
  }
  res.end();
  return sent;
}

/** What a process with a small heap says of the attack, and how much of it the server could send. */
async function attack(t: TestContext, how: Attack) {
  const sent = Promise.withResolvers<number>();
  const server = createServer((req, res) => {
    req.resume();
    void pour(res, how).then(sent.resolve);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const { stdout } = await run(process.execPath, ['--max-old-space-size=256', 'test/support/bounded-child.ts', url]);
  const said = JSON.parse(stdout) as { kind: string; message: string; partial: number; maxRssMb: number };
  return { ...said, sentMib: (await sent.promise) / mib };
}

const letters = 'x'.repeat(mib);
const token = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'some words, '.repeat(5_000) } }] })}\n\n`;
const call = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: 'x'.repeat(60_000) } }] } }] })}\n\n`;

describe('An answer without an end', { timeout: 120_000 }, () => {
  it('that is one JSON object is cut off at its bound, and the setting is named', async (t) => {
    const { kind, message, sentMib, maxRssMb } = await attack(t, { begin: '{"choices":[{"message":{"content":"', piece: letters, total: 1024 * mib });
    assert.equal(kind, 'server');
    assert.match(message, /larger than 65,536 KiB\. Ask for less, or raise Largest answer under Limits/);
    assert.ok(sentMib < 200 && maxRssMb < 600, `${sentMib} MiB were sent, ${maxRssMb} MB taken.`);
  });

  it('that tells of a failure is read as far as its kind', async (t) => {
    const { kind, sentMib, maxRssMb } = await attack(t, { status: 401, begin: '{"error":{"message":"', piece: letters, total: 1024 * mib });
    assert.equal(kind, 'auth');
    assert.ok(sentMib < 50 && maxRssMb < 250, `${sentMib} MiB were sent, ${maxRssMb} MB taken.`);
  });

  for (const [what, piece] of [['text', token], ['arguments of a tool', call]] as const) {
    it(`that streams ${what} is cut off at its bound`, async (t) => {
      const { kind, message, sentMib } = await attack(t, { type: 'text/event-stream', piece, total: 600 * mib });
      assert.equal(kind, 'server');
      assert.match(message, /larger than 65,536 KiB/);
      assert.ok(sentMib < 200, `${sentMib} MiB were sent.`);
    });
  }

  it('that is one event is cut off', async (t) => {
    const { kind, message, sentMib } = await attack(t, { type: 'text/event-stream', begin: 'data: ', piece: letters, total: 600 * mib });
    assert.equal(kind, 'server');
    assert.match(message, /longer than 16 MiB/);
    assert.ok(sentMib < 100, `${sentMib} MiB were sent.`);
  });
});

it('A head that is larger than any is the server’s failure', async (t) => {
  const server = createServer((req, res) => void req.resume().once('end', () => res.writeHead(200, { 'x-long': 'x'.repeat(65_536) }).end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { url, ...names } = { ...provider, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const model = new ModelServer({ ...names, url }, undefined);
  t.after(async () => {
    await model.close();
    server.closeAllConnections();
    server.close();
  });
  await assert.rejects(model.getJson('/', { signal: new AbortController().signal }), { kind: 'server', message: /a head that is too large/ });
});

describe('What is read of an answer', () => {
  async function* bytes(...texts: string[]) {
    for (const text of texts) yield await Promise.resolve(Buffer.from(text));
  }

  it('is all of it up to the bound, and none of it beyond', async () => {
    assert.equal(await readText(bytes('abc', 'def'), provider, 6), 'abcdef');
    await assert.rejects(readText(bytes('abc', 'defg'), provider, 6), { kind: 'server', retryable: false, provider: 'x' });
  });

  it('is the beginning where it failed, and nothing more is asked for', async () => {
    let asked = 0;
    async function* endless() {
      for (;;) {
        asked++;
        yield await Promise.resolve(Buffer.from('x'.repeat(10_000)));
      }
    }
    assert.equal((await readErrorText(endless())).length, 65_536);
    assert.equal(asked, 7);
  });

  it('holds no more values, and is no deeper, than any answer', () => {
    assert.throws(() => parseJson(`[${'{},'.repeat(1_000_000)}{}]`), { kind: 'server' });
    assert.throws(() => parseJson('['.repeat(5_000) + ']'.repeat(5_000)), { kind: 'server' });
    assert.deepEqual(parseJson(`[${'1,'.repeat(100_000)}1]`), Array.from({ length: 100_001 }, () => 1));
  });
});

describe('What is kept of an answer', () => {
  it('is counted, whatever it is', () => {
    const answer = new Answer();
    answer.add({ type: 'text', text: '12345' });
    answer.add({ type: 'thinking', text: '123', carried: { anthropic: { signature: '12' } } });
    assert.ok(answer.size >= 10);
    for (let index = 0; index < 1000; index++) answer.add({ type: 'toolCall', index });
    assert.ok(answer.size > 100_000, 'A call without a word takes memory, too.');
    const before = answer.size;
    answer.add({ type: 'logprobs', logprobs: [{ token: 'x'.repeat(100) }] });
    assert.ok(answer.size > before + 100);
  });

  it('is the same text, however it came in pieces', () => {
    const text = new GrowingText();
    const pieces = Array.from({ length: 20_000 }, (_, index) => `${index} 🦙\uD83E`);
    for (const piece of pieces) text.append(piece);
    assert.equal(text.text, pieces.join(''));
    assert.equal(text.length, pieces.join('').length);
  });
});

/** Each would take minutes where a pattern looks at all of it from every place. */
describe('A long text that a pattern runs over', { timeout: 20_000 }, () => {
  const long = 'model '.repeat(350_000);

  it('is cut in every field of a failure', () => {
    const bodies = [
      { error: { code: long } },
      { error: { type: long } },
      { error: { param: long, message: long } },
      { error: { details: { error_code: long } } },
      { detail: long },
      { code: long },
      long,
    ];
    for (const body of bodies) assert.ok(classifyAnswer({ status: 400, body, provider, request: requestOf('Hello') }) instanceof LlmError);
  });

  it('keeps the kind that a short field tells', () => {
    const failure = classifyAnswer({ status: 400, body: { error: { code: 'context_length_exceeded', message: long } }, provider });
    assert.equal(failure.kind, 'context_length');
  });

  it('ends in a mark of a character that is not whole', async () => {
    const marks = '\uFFFD'.repeat(300_000);
    const line = (text: string) => Buffer.from(`${JSON.stringify({ text: [text] })}\n`);
    async function* body() {
      yield await Promise.resolve(line(`p${marks}x`));
      yield line(`p${marks}x\uFFFD\uFFFD`);
    }
    const answer = new Answer();
    for await (const parts of readLegacyAnswer({ body: body(), prompt: 'p', provider, request: requestOf('p') })) for (const part of parts) answer.add(part);
    assert.equal(answer.text, `${marks}x\uFFFD\uFFFD`);
  });
});
