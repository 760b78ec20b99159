/** Spans and metrics of flows that run, as OpenTelemetry's own SDK gets them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { bus } from '../../../nodes/core/events.ts';
import { SpanRecorder } from '../../../nodes/insight/telemetry/spans.ts';
import { otlpProviders } from '../../../nodes/insight/telemetry/telemetry.ts';
import { chat, hello, startEndpoint } from '../../support/endpoint.ts';
import { quiet } from '../../support/flow.ts';
import { answers, fails, finish, text } from '../../support/scripted-client.ts';
import { startServer } from '../../support/server.ts';
import { telemetryOf } from '../../support/telemetry.ts';

/** The names from the root down to the span. */
function pathOf(span: ReadableSpan, spans: readonly ReadableSpan[]): string {
  const parent = spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
  return parent ? `${pathOf(parent, spans)} > ${span.name}` : span.name;
}

const usage = { inputTokens: 20, cachedInputTokens: 8, outputTokens: 4, reasoningTokens: 2, estimated: false };
const done = answers([{ type: 'model', model: 'small-2' }], [text('canary')], [{ type: 'usage', usage }, finish]);
const nested = [
  { id: 'pool', type: 'llm-pool', name: 'Pool', members: [{ name: 'M' }], wires: [[], ['fallback']] },
  { id: 'fallback', type: 'llm-fallback', name: 'Fallback', branches: [{ name: 'bad' }, { name: 'good' }], wires: [[], ['bad'], ['backend']] },
  { id: 'bad', type: 'llm-echo', name: 'Bad', tokensPerSecond: 0, retries: 0, faultKind: 'auth', faultPercent: 100, faultAfterTokens: 0, wires: [[]] },
  { id: 'backend', type: 'llm-scripted', name: 'Backend', model: 'small', retries: 2, retryBaseMs: 0, retryMaxMs: 0, breakerFailures: 0, wires: [[]] },
];

describe('Spans', () => {
  test('make a tree over three nested stages, a fallback and two retries, with the conventions’ names', async (t) => {
    const { spans } = telemetryOf(t);
    const { post } = await startEndpoint(t, { nodes: nested, scripts: [fails('overloaded', { status: 503 }), fails('server'), done], config: { name: 'Gateway', models: [{ name: 'm', model: '' }] }, keys: 'ann: sk-canary' });
    await (await post(chat, { ...hello, messages: [{ role: 'user', content: 'canary' }] }, { headers: { 'x-api-key': 'sk-canary', 'x-request-id': 'mine' } })).text();
    await quiet();
    const all = spans();
    const stages = 'Gateway > flow > Pool > branch M > Fallback';
    const paths = all.map((span) => pathOf(span, all)).sort();
    const bad = all.find(({ attributes }) => attributes['llm.node.name'] === 'Bad' && attributes['gen_ai.operation.name']);
    assert.deepEqual(paths, [
      'Gateway',
      'Gateway > flow',
      'Gateway > flow > Pool',
      'Gateway > flow > Pool > branch M',
      stages,
      `${stages} > branch bad`,
      `${stages} > branch bad > ${bad?.name}`,
      `${stages} > branch bad > ${bad?.name} > attempt 1`,
      `${stages} > branch good`,
      `${stages} > branch good > chat small`,
      ...[1, 2, 3].map((number) => `${stages} > branch good > chat small > attempt ${number}`),
    ]);
    assert.equal(new Set(all.map((span) => span.spanContext().traceId)).size, 1);

    const of = (name: string) => all.find((span) => span.name === name) as ReadableSpan;
    const request = of('chat small');
    assert.equal(request.kind, SpanKind.CLIENT);
    const attributes = request.attributes as Record<string, unknown>;
    const expected = {
      [conventions.ATTR_GEN_AI_OPERATION_NAME]: conventions.GEN_AI_OPERATION_NAME_VALUE_CHAT,
      [conventions.ATTR_GEN_AI_PROVIDER_NAME]: 'scripted',
      [conventions.ATTR_GEN_AI_REQUEST_MODEL]: 'small',
      [conventions.ATTR_GEN_AI_RESPONSE_MODEL]: 'small-2',
      [conventions.ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: ['stop'],
      [conventions.ATTR_GEN_AI_USAGE_INPUT_TOKENS]: 20,
      [conventions.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: 4,
      [conventions.ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: 8,
      [conventions.ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]: 2,
    };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(attributes[name], value, name);
    // What begins with gen_ai is the conventions' alone.
    const known = new Set(Object.entries(conventions).filter(([name]) => name.startsWith('ATTR_')).map(([, value]) => value as string));
    for (const { attributes } of all) for (const name of Object.keys(attributes)) assert.ok(known.has(name) || name.startsWith('llm.'), name);
    assert.deepEqual(request.events.map(({ name, attributes = {} }) => [name, attributes[conventions.ATTR_ERROR_TYPE]]), [['retry', 'overloaded'], ['retry', 'server'], ['first token', undefined]]);

    assert.equal(bad?.attributes[conventions.ATTR_ERROR_TYPE], 'auth');
    assert.deepEqual(of('attempt 1').status, { code: SpanStatusCode.ERROR, message: 'auth' });
    assert.equal(of('branch bad').status.code, SpanStatusCode.ERROR);
    assert.equal(request.status.code, SpanStatusCode.UNSET);
    const gateway = of('Gateway');
    assert.deepEqual([gateway.kind, gateway.attributes['llm.client'], gateway.attributes['llm.request.id'], gateway.attributes['llm.backend']], [SpanKind.SERVER, 'ann', 'mine', 'Backend']);
    assert.doesNotMatch(JSON.stringify(all.map(({ name, attributes, events, status }) => [name, attributes, events, status])), /canary/);
  });

  test('tell of a branch that was refused, too', async (t) => {
    const { spans } = telemetryOf(t);
    const fallback = { id: 'fallback', type: 'llm-fallback', name: 'Fallback', branches: [{ name: 'unwired' }, { name: 'good' }], wires: [[], [], ['echo']] };
    const { post } = await startEndpoint(t, { nodes: [fallback, { id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [[]] }] });
    await (await post(chat, hello)).text();
    await quiet();
    const all = spans();
    const refused = all.find(({ name }) => name === 'branch unwired');
    assert.ok(refused);
    assert.deepEqual([pathOf(refused, all), refused.attributes['error.type']], ['llm-endpoint > flow > Fallback > branch unwired', 'misconfigured']);
  });

  test('go on from a client’s own trace, and servers from ours', async (t) => {
    const { spans } = telemetryOf(t);
    const got: Array<string | undefined> = [];
    const server = await startServer((exchange) => {
      got.push(exchange.request.headers['traceparent'] as string | undefined);
      exchange.json(200, { choices: [{ message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }] });
    });
    t.after(() => server.close());
    const nodes = [
      { id: 'vllm', type: 'llm-vllm', model: 'small', server: 'vllm-server', retries: 0, wires: [[]] },
      { id: 'vllm-server', type: 'llm-vllm-server', url: server.url, healthIntervalMs: 0 },
    ];
    const { post } = await startEndpoint(t, { nodes });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const response = await post(chat, { messages: hello.messages }, { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    assert.equal(response.status, 200, await response.text());
    await quiet();
    const all = spans();
    const root = all.find(({ name }) => name === 'llm-endpoint');
    assert.deepEqual([root?.spanContext().traceId, root?.parentSpanContext?.spanId], [traceId, '00f067aa0ba902b7']);
    const request = all.find(({ name }) => name === 'chat small');
    assert.deepEqual(got, [`00-${traceId}-${request?.spanContext().spanId}-01`]);

    await (await post(chat, { messages: hello.messages }, { headers: { traceparent: 'nonsense' } })).text();
    assert.match(got[1] ?? '', /^00-[\da-f]{32}-[\da-f]{16}-01$/);
    assert.ok(!got[1]?.includes(traceId));
  });

  test('end with what they are of, also where a client goes away', async (t) => {
    const tracing = new TracerProvider({ spanProcessors: [] });
    const recorder = new SpanRecorder(bus, tracing.getTracer('test'));
    t.after(() => recorder.close());
    const { post } = await startEndpoint(t, { nodes: [{ id: 'slow', type: 'llm-echo', delayMs: 60_000, wires: [[]] }] });
    const gone = new AbortController();
    const asked = new Promise<void>((resolve) => t.after(bus.on('request', () => resolve())));
    const response = post(chat, hello, { signal: gone.signal });
    await asked;
    assert.equal(recorder.size, 3);
    const over = new Promise<void>((resolve) => t.after(bus.on('failure', () => resolve())));
    gone.abort();
    await assert.rejects(response);
    await over;
    await quiet();
    assert.equal(recorder.size, 0);
  });
});

test('The conventions’ metrics have durations and tokens, and no model that a client makes up', async (t) => {
  const { metrics } = telemetryOf(t);
  const { post } = await startEndpoint(t, { nodes: nested.slice(3), scripts: [done, done, fails('invalid_request')] });
  for (const model of ['small', 'junk', 'junk']) await (await post(chat, { ...hello, model })).text();
  const points = await metrics();
  const duration = points(conventions.METRIC_GEN_AI_CLIENT_OPERATION_DURATION);
  const shown = duration.map(({ attributes, value }) => [attributes[conventions.ATTR_GEN_AI_REQUEST_MODEL], attributes[conventions.ATTR_GEN_AI_RESPONSE_MODEL], attributes[conventions.ATTR_ERROR_TYPE], value.count]);
  assert.deepEqual(shown, [['small', 'small-2', undefined, 1], ['other', 'small-2', undefined, 1], ['other', undefined, 'invalid_request', 1]]);
  const tokens = points(conventions.METRIC_GEN_AI_CLIENT_TOKEN_USAGE).filter(({ attributes }) => attributes[conventions.ATTR_GEN_AI_REQUEST_MODEL] === 'small');
  assert.deepEqual(tokens.map(({ attributes, value }) => [attributes[conventions.ATTR_GEN_AI_TOKEN_TYPE], value.sum]), [['input', 20], ['output', 4]]);
});

test('An OTLP address gets spans and metrics, by the time that the monitor has closed', async (t) => {
  const bodies = new Map<string, string>();
  const collector = await startServer((exchange) => {
    bodies.set(exchange.request.path, exchange.request.text);
    exchange.json(200, {});
  });
  t.after(() => collector.close());
  const monitor = { id: 'monitor', type: 'llm-monitor', summarySeconds: 0, telemetry: 'otlp', otlpUrl: `${collector.url}/`, wires: [[], []] };
  // Once loaded, they are there at once.
  await (await otlpProviders(collector.url, 'warm-up')).shutdown();
  const { flow, post } = await startEndpoint(t, { nodes: [{ id: 'echo', type: 'llm-echo', name: 'Echo', tokensPerSecond: 0, wires: [[]] }, monitor] });
  await quiet();
  await (await post(chat, hello)).text();
  await flow.stop();
  assert.match(bodies.get('/v1/traces') ?? '', /"name":"llm-endpoint"/);
  assert.match(bodies.get('/v1/traces') ?? '', /service\.name/);
  assert.match(bodies.get('/v1/metrics') ?? '', /gen_ai\.client\.operation\.duration/);
});
