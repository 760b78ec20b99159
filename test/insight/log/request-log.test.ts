/** One record for each request, and with what is known of it. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { bus } from '../../../nodes/core/events.ts';
import { Redaction } from '../../../nodes/insight/capture/redaction.ts';
import { type LogRecord, RequestLog } from '../../../nodes/insight/log/request-log.ts';
import { chat, hello, startEndpoint } from '../../support/endpoint.ts';
import { Flow, quiet } from '../../support/flow.ts';
import registerEcho from '../../../nodes/backends/echo/echo.ts';

/** A log of the process's bus: its records, and one more whenever it comes. */
function logOf(t: TestContext, attempts = false, content?: Redaction) {
  const records: LogRecord[] = [];
  const waiting: Array<() => void> = [];
  const log = new RequestLog({
    bus,
    attempts,
    content,
    write(record) {
      records.push(record);
      for (const resolve of waiting.splice(0)) resolve();
    },
  });
  t.after(() => log.close());
  const until = async (count: number) => {
    while (records.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return records;
  };
  return { log, records, until };
}

const nodes = [
  { id: 'fallback', type: 'llm-fallback', name: 'First, then', branches: [{ name: 'bad' }, { name: 'good' }], wires: [[], ['bad'], ['good']] },
  { id: 'bad', type: 'llm-echo', name: 'Bad', model: 'bad-1', tokensPerSecond: 0, faultKind: 'server', faultPercent: 100, faultAfterTokens: 0, retries: 1, retryBaseMs: 0, wires: [[]] },
  { id: 'good', type: 'llm-echo', name: 'Good', model: 'good-1', tokensPerSecond: 0, wires: [[]] },
];

function withoutTimes({ time, queuedMs, firstTokenMs, ms, ...record }: LogRecord): Partial<LogRecord> {
  assert.ok(Date.now() - Date.parse(time) < 60_000);
  assert.ok((queuedMs ?? 0) >= 0 && (firstTokenMs ?? 0) <= (ms ?? 0));
  return record;
}

const headers = { 'x-request-id': 'mine', 'x-api-key': 'sk-a' };

describe('A request at an endpoint', () => {
  test('has one line, with who asked, who answered and the status', async (t) => {
    const { log, until, records } = logOf(t);
    const { post } = await startEndpoint(t, { nodes, keys: 'ann: sk-a', config: { name: 'Gateway' } });
    await (await post(chat, hello, { headers })).text();
    const [record] = await until(1);
    assert.deepEqual(withoutTimes(record as LogRecord), {
      type: 'request',
      request: 'mine',
      client: 'ann',
      entry: 'Gateway',
      path: chat,
      backend: 'Good',
      provider: 'echo',
      model: record?.model,
      outcome: 'ok',
      status: 200,
      attempts: 3,
      inputTokens: record?.inputTokens,
      outputTokens: 2,
      ...(record?.costUsd !== undefined && { costUsd: record.costUsd }),
    });
    assert.ok((record?.inputTokens ?? 0) > 0);
    await quiet();
    assert.deepEqual([records.length, log.size], [1, 0]);
  });

  test('has a line for each attempt, too, where they are wanted', async (t) => {
    const { log, until } = logOf(t, true);
    const { post } = await startEndpoint(t, { nodes, keys: 'ann: sk-a' });
    await (await post(chat, hello, { headers })).text();
    const records = await until(4);
    assert.deepEqual(records.map(({ type, request, client, backend, attempt, outcome, kind }) => [type, request, client, backend, attempt, outcome, kind]), [
      ['attempt', 'mine', 'ann', 'Bad', 1, 'failed', 'server'],
      ['attempt', 'mine', 'ann', 'Bad', 2, 'failed', 'server'],
      ['attempt', 'mine', 'ann', 'Good', 1, 'ok', undefined],
      ['request', 'mine', 'ann', 'Good', undefined, 'ok', undefined],
    ]);
    await quiet();
    assert.equal(log.size, 0);
  });

  test('that fails has its kind, and one that never got into the flow its status', async (t) => {
    const { log, until } = logOf(t);
    const { post } = await startEndpoint(t, { nodes: nodes.filter(({ id }) => id === 'bad') });
    await (await post(chat, hello)).text();
    await (await post(chat, 'no JSON')).text();
    const records = await until(2);
    assert.deepEqual(records.map(({ outcome, kind, status, path }) => [outcome, kind, status, path]), [['failed', 'server', 502, chat], [undefined, undefined, 400, chat]]);
    assert.equal(log.size, 0);
  });

  test('whose client goes away has one line, with 499', async (t) => {
    const { log, until, records } = logOf(t, true);
    const { post } = await startEndpoint(t, { nodes: [{ id: 'slow', type: 'llm-echo', delayMs: 60_000, wires: [[]] }] });
    const gone = new AbortController();
    const asked = new Promise<void>((resolve) => t.after(bus.on('request', () => resolve())));
    const response = post(chat, hello, { signal: gone.signal });
    await asked;
    gone.abort();
    await assert.rejects(response);
    await until(2);
    await quiet();
    const [attempt, request] = records.sort((one, other) => one.type.localeCompare(other.type));
    assert.deepEqual([attempt?.type, attempt?.kind, attempt?.request === request?.request], ['attempt', 'cancelled', true]);
    assert.deepEqual([request?.type, request?.outcome, request?.kind, request?.status, records.length], ['request', 'cancelled', 'cancelled', 499, 2]);
    assert.equal(log.size, 0);
  });

  test('is told apart from another with the same id', async (t) => {
    const { log, until } = logOf(t);
    const { post } = await startEndpoint(t, { nodes });
    await Promise.all(Array.from({ length: 20 }, async () => (await post(chat, hello, { headers: { 'x-request-id': 'same' } })).text()));
    const records = await until(20);
    assert.ok(records.every(({ request, outcome, status, outputTokens }) => request === 'same' && outcome === 'ok' && status === 200 && outputTokens === 2));
    await quiet();
    assert.equal(log.size, 0);
  });
});

test('A request that no endpoint brought has one line, from where it began', async (t) => {
  const { log, until, records } = logOf(t);
  const flow = await Flow.start([registerEcho], [
    { id: 'good', type: 'llm-echo', name: 'Good', tokensPerSecond: 0, wires: [[]] },
    { id: 'bad', type: 'llm-echo', name: 'Bad', tokensPerSecond: 0, retries: 0, faultKind: 'auth', faultPercent: 100, faultAfterTokens: 0, wires: [[]] },
  ]);
  t.after(() => flow.end());
  flow.send('good', { payload: 'Hello there' });
  await until(1);
  flow.send('bad', { payload: 'Hello there' });
  await until(2);
  assert.deepEqual(records.map(({ type, entry, backend, outcome, kind, outputTokens, status }) => [type, entry, backend, outcome, kind, outputTokens, status]), [
    ['request', 'Good', 'Good', 'ok', undefined, 2, undefined],
    ['request', 'Bad', 'Bad', 'failed', 'auth', undefined, undefined],
  ]);
  assert.notEqual(records[0]?.request, records[1]?.request);
  assert.equal(log.size, 0);
});

describe('Prompts and answers', () => {
  const redaction = new Redaction({ keys: true, emails: true, cards: true, patterns: ['there'] });

  test('stand in the lines of requests where a person wants that, redacted', async (t) => {
    const { log, until } = logOf(t, true, redaction);
    const { post } = await startEndpoint(t, { nodes });
    await (await post(chat, hello)).text();
    const records = await until(4);
    const content = records.map(({ type, prompt, answer }) => [type, prompt, answer]);
    assert.deepEqual(content, [...Array.from({ length: 3 }, () => ['attempt', undefined, undefined]), ['request', '[{"role":"user","content":"Hello [redacted]"}]', 'Hello [redacted]']]);
    await quiet();
    assert.equal(log.size, 0);
  });

  test('stand in the line of a request that a backend gets itself, and the prompt alone in that of one that failed', async (t) => {
    const { log, until, records } = logOf(t, false, redaction);
    const flow = await Flow.start([registerEcho], [
      { id: 'good', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] },
      { id: 'bad', type: 'llm-echo', tokensPerSecond: 0, retries: 0, faultKind: 'auth', faultPercent: 100, faultAfterTokens: 0, wires: [[]] },
    ]);
    t.after(() => flow.end());
    flow.send('good', { payload: 'Good day' });
    await until(1);
    flow.send('bad', { payload: 'Bad day' });
    await until(2);
    assert.deepEqual(records.map(({ prompt, answer }) => [prompt, answer]), [['Good day', 'Good day'], ['Bad day', undefined]]);
    assert.equal(log.size, 0);
  });
});
