/** Keys, prompts and answers, each a mark that is nowhere else: sent along every path, and looked for in all that is told, shown and written. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { failureKinds } from '../../nodes/core/errors.ts';
import { bus, type EventName } from '../../nodes/core/events.ts';
import { recorder } from '../../nodes/insight/recorder.ts';
import { tracedEvents } from '../../nodes/insight/traces/kept-request.ts';
import registerRouter from '../../nodes/stages/router/router.ts';
import { chat, startEndpoint } from '../support/endpoint.ts';
import { quiet } from '../support/flow.ts';
import { testFolder } from '../support/folder.ts';
import { type Exchange, startServer } from '../support/server.ts';
import { telemetryOf } from '../support/telemetry.ts';

const marks = { key: 'sk-canary-key-5b1f', client: 'sk-canary-client-88d0', token: 'canary-token-19c2', prompt: 'canary-prompt-77c2', answer: 'canary-answer-3e9a' };
const anyMark = /canary/;
const content = new RegExp(`${marks.prompt}|${marks.answer}`);
const anyKey = new RegExp(`${marks.key}|${marks.client}|${marks.token}`);

/** All but the two that are there for content. */
const plainEvents: readonly EventName[] = [...tracedEvents, 'breaker', 'health'];

type Answer = (exchange: Exchange, repeated: string) => void | Promise<void>;

const says = (delta: object, more: object = {}) => ({ object: 'chat.completion.chunk', model: 'tiny', choices: [{ index: 0, delta, finish_reason: null, ...more }] });
const good: Answer = (exchange) => exchange.events([says({ reasoning_content: marks.answer }), says({ content: marks.answer }), says({}, { finish_reason: 'stop' })]);
const fault = (status: number, error: (repeated: string) => object): Answer => (exchange, repeated) => exchange.json(status, { error: error(repeated) }, { 'retry-after': '0' });

/** Whatever goes wrong at a server, it repeats what it was sent. */
const faults: readonly Answer[] = [
  fault(400, (message) => ({ message, type: 'invalid_request_error', param: message, code: message })),
  fault(400, (said) => ({ message: `This model's maximum context length is 10 tokens, your prompt ${said} has more.`, code: 'context_length_exceeded' })),
  fault(400, (message) => ({ message, type: 'content_filter', code: 'content_filter' })),
  fault(401, (message) => ({ message: `Incorrect API key provided: ${message}`, code: 'invalid_api_key' })),
  fault(402, (message) => ({ message, code: 'insufficient_quota' })),
  fault(404, (message) => ({ message: `The model ${message} does not exist.`, code: 'model_not_found' })),
  fault(429, (message) => ({ message: `Rate limit reached for ${message}`, type: message })),
  fault(500, (message) => ({ message: `CUDA out of memory at ${message}` })),
  fault(500, (message) => ({ message })),
  fault(503, (message) => ({ message })),
  (exchange, repeated) => exchange.text(502, `<html><title>${repeated}</title></html>`, { 'content-type': 'text/html' }),
  (exchange, repeated) => exchange.text(200, repeated, { 'content-type': 'application/json' }),
  (exchange, repeated) => exchange.text(200, `data: {"choices": ${repeated}\n\n`, { 'content-type': 'text/event-stream' }),
  (exchange, repeated) => exchange.events([{ error: { message: repeated, type: repeated, code: 500 } }]),
  (exchange, repeated) => exchange.events([says({ content: repeated }), { error: { message: repeated } }]),
  async (exchange, repeated) => {
    exchange.startStream();
    await exchange.write(`data: ${JSON.stringify(says({ content: repeated }))}\n\n`);
    exchange.reset();
  },
  (exchange) => exchange.reset(),
];

/** Below /bad it fails, each time in another way; elsewhere it answers. */
async function startModel(t: TestContext) {
  let requests = 0;
  const server = await startServer((exchange) => {
    const { path, text, headers } = exchange.request;
    assert.ok(text.includes(marks.prompt) && headers.authorization?.includes(marks.key));
    if (path.endsWith('/embeddings')) return exchange.json(200, { model: 'tiny', data: [{ index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 1, total_tokens: 1 } });
    const answer = path.startsWith('/bad') ? (faults[requests++ % faults.length] as Answer) : good;
    return answer(exchange, `${text} ${headers.authorization}`);
  });
  t.after(() => server.close());
  return server;
}

function linesOfNodeRed(t: TestContext): unknown[] {
  const { log } = createRequire(import.meta.url)('@node-red/util') as { log: { addHandler(handler: object): void; removeHandler(handler: object): void } };
  const lines: unknown[] = [];
  const handler = { emit: (_event: string, line: unknown) => lines.push(line) };
  log.addHandler(handler);
  t.after(() => log.removeHandler(handler));
  return lines;
}

function filesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => `${name}\n${readFileSync(join(parentPath, name), 'utf8')}`);
}

const backend = (id: string, server = 'good'): { id: string; type: string } => Object.assign({ id, type: 'llm-vllm' }, { name: id, server, model: 'tiny', retries: 1, retryBaseMs: 0, retryMaxMs: 0, breakerFailures: 8, wires: [[]] });

/** An endpoint over a router, which has a shadow, over a fallback whose first branch fails, over a pool; and nodes beside them. */
function flowOf(url: string, folder: string, settings: object) {
  const server = (id: string) => ({ id, type: 'llm-vllm-server', url: `${url}/${id}`, healthIntervalMs: 0 });
  const alerts = [{ measure: 'breaker' }, { measure: 'failures', above: 0, minutes: 0 }];
  return [
    { id: 'router', type: 'llm-router', branches: [{ name: 'A', percent: 100 }, { name: 'copy', percent: 100, shadow: true }], wires: [[], ['fallback'], ['shadow']] },
    { id: 'fallback', type: 'llm-fallback', branches: [{ name: 'first', on: failureKinds }, { name: 'then' }], afterFirstToken: 'restart', wires: [[], ['bad'], ['pool']] },
    { id: 'pool', type: 'llm-pool', members: [{ name: 'M' }, { name: 'N' }], wires: [[], ['one'], ['two']] },
    backend('bad', 'bad'), backend('shadow', 'bad'), backend('one'), backend('two'), backend('alone', 'bad'),
    server('bad'), server('good'),
    { id: 'catch', type: 'catch', scope: null, wires: [['caught']] },
    { id: 'caught', type: 'helper', wires: [] },
    { id: 'heard', type: 'helper', wires: [] },
    { id: 'monitor', type: 'llm-monitor', summarySeconds: 1, alerts, log: 'file', logFile: join(folder, 'requests.log'), logAttempts: true, wires: [['heard'], ['heard']], ...settings },
  ];
}

/** Sends the marks along every path, and gives back all that was told, by where. */
async function sendAll(t: TestContext, settings: object) {
  const folder = testFolder(t);
  const telemetry = telemetryOf(t);
  const events: unknown[] = [];
  for (const name of plainEvents) t.after(bus.on(name, (event) => events.push(structuredClone(event))));
  const model = await startModel(t);
  const nodes = flowOf(model.url, folder.path, settings);
  const apiKey = { apiKey: marks.key };
  const { last } = recorder.requests(0);
  const { flow, post, port } = await startEndpoint(t, {
    nodes,
    register: [registerRouter],
    credentials: { endpoint: { keys: `ann: ${marks.client}` }, monitor: { token: marks.token }, good: apiKey, bad: apiKey },
    settings: { userDir: folder.path },
  });
  const lines = linesOfNodeRed(t);

  const body = { model: 'm', messages: [{ role: 'system', content: marks.prompt }, { role: 'user', content: marks.prompt }], user: marks.prompt, stop: [marks.prompt], metadata: { it: marks.prompt } };
  const ask = async (path: string, key: string, more: object = {}) => (await post(path, { ...body, ...more }, { headers: { 'x-api-key': key } })).text();
  for (let count = 0; count < faults.length * 2; count++) await ask(count % 3 === 0 ? '/messages' : chat, marks.client, { stream: count % 2 === 0, max_tokens: 9 });
  await ask(chat, `${marks.client}-wrong`);
  await ask(chat, marks.client, { temperature: marks.prompt });
  for (let count = 0; count < faults.length; count++) flow.send('alone', { payload: marks.prompt, llm: { system: marks.prompt } });
  for (let count = 0; count < faults.length; count++) await flow.next('caught');
  const direct = new Promise<void>((resolve) => t.after(bus.on('completion', () => resolve())));
  flow.send('one', { payload: [marks.prompt], llm: { task: 'embed' } });
  await direct;
  const heard = [await flow.next('heard'), await flow.next('heard')];
  await quiet();

  const metrics = await (await fetch(`http://127.0.0.1:${port}/llm/metrics`, { headers: { authorization: `Bearer ${marks.token}` } })).text();
  const { requests } = recorder.requests(last);
  const recorded = { live: recorder.live(), requests, traces: await Promise.all(requests.map(({ id }) => recorder.trace(id))) };
  const statuses = nodes.map(({ id }) => flow.statuses(id));
  await flow.stop();
  const spans = telemetry.spans().map(({ name, attributes, events: within, status }) => ({ name, attributes, within, status }));
  return { metrics, events, heard, statuses, lines, files: filesIn(folder.path), spans, measured: await telemetry.all(), ...recorded };
}

/** What else there is to see. A test that sees nothing would find nothing. */
function checkSeen({ events, requests, spans, files, lines, metrics }: Awaited<ReturnType<typeof sendAll>>): void {
  const kinds = new Set(events.map((event) => (event as { error?: string }).error));
  for (const kind of ['invalid_request', 'context_length', 'auth', 'quota', 'not_found', 'rate_limit', 'server', 'overloaded', 'interrupted', 'unavailable', 'circuit_open']) assert.ok(kinds.has(kind), kind);
  assert.ok(events.length > 500 && requests.length > 50 && spans.length > 200 && lines.length > 10 && files.join().length > 10_000);
  assert.match(metrics, /llm_requests_total\{.*kind="circuit_open"\}/);
}

function checkUnmarked(seen: Readonly<Record<string, unknown>>, mark = anyMark): void {
  for (const [where, what] of Object.entries(seen)) {
    const found = JSON.stringify(what)?.match(new RegExp(`.{0,200}(?:${mark.source}).{0,100}`));
    assert.equal(found?.[0], undefined, where);
  }
}

test('No key, prompt, answer or word of a server is in anything that is told, shown or written', async (t) => {
  const seen = await sendAll(t, {});
  checkSeen(seen);
  checkUnmarked(seen);
});

test('Where content is kept, prompts and answers are in the traces alone, and keys nowhere', async (t) => {
  const { traces, ...seen } = await sendAll(t, { capture: 'memory', captureCount: 300 });
  checkSeen({ traces, ...seen });
  checkUnmarked(seen);
  checkUnmarked({ traces }, anyKey);
  checkUnmarked({ traces: traces.map((trace) => ({ ...trace, content: undefined })) });
  assert.match(JSON.stringify(traces), content);
});
