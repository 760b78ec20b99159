/** The events of one request make a tree: stages, their attempts, the backends in them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bus, type EventName, type LlmEvents } from '../../nodes/core/events.ts';
import { chat, hello, startEndpoint } from '../support/endpoint.ts';

type Told = { [N in EventName]: { name: N } & LlmEvents[N] }[EventName];

function told(t: TestContext, ...names: EventName[]): Told[] {
  const events: Told[] = [];
  for (const name of names) t.after(bus.on(name, (event) => events.push({ name, ...event } as Told)));
  return events;
}

const nodes = [
  { id: 'fallback', type: 'llm-fallback', name: 'First, then', branches: [{ name: 'bad' }, { name: 'good' }], wires: [[], ['bad'], ['good']] },
  { id: 'bad', type: 'llm-echo', name: 'Bad', tokensPerSecond: 0, faultKind: 'overloaded', faultPercent: 100, faultAfterTokens: 0, retries: 0, wires: [[]] },
  { id: 'good', type: 'llm-echo', name: 'Good', tokensPerSecond: 0, wires: [[]] },
];

test('A request that failed over is a tree from the endpoint down to each backend', async (t) => {
  const { post } = await startEndpoint(t, { nodes, keys: 'ann: sk-a' });
  const events = told(t, 'stage', 'stageEnd', 'branchStart', 'branch', 'request', 'completion', 'failure', 'served');
  const response = await post(chat, hello, { headers: { 'x-request-id': 'mine', 'x-api-key': 'sk-a' } });
  await response.text();
  const of = <N extends EventName>(name: N) => events.filter((event): event is Extract<Told, { name: N }> => event.name === name);

  const [endpoint, fallback] = of('stage');
  assert.deepEqual([endpoint?.stage.type, endpoint?.parent, endpoint?.client, endpoint?.requestId], ['llm-endpoint', undefined, 'ann', 'mine']);
  const [toFallback, toBad, toGood] = of('branchStart');
  assert.deepEqual([toFallback?.parent, fallback?.parent, fallback?.stage.name], [endpoint?.id, toFallback?.id, 'First, then']);
  assert.deepEqual([toBad?.parent, toBad?.branch, toGood?.parent, toGood?.branch], [fallback?.id, 'bad', fallback?.id, 'good']);
  assert.deepEqual(of('request').map(({ parent, backend }) => [parent, backend.name]), [[toBad?.id, 'Bad'], [toGood?.id, 'Good']]);

  const hint = of('failure')[0]?.hint;
  assert.ok(hint);
  assert.deepEqual(of('branch').map(({ hint }) => hint), [hint, undefined, undefined]);
  assert.deepEqual(of('branch').map(({ id, outcome, error }) => [id, outcome, error]), [
    [toBad?.id, 'failed', 'overloaded'],
    [toGood?.id, 'ok', undefined],
    [toFallback?.id, 'ok', undefined],
  ]);
  const ends = of('stageEnd');
  assert.deepEqual(ends.map(({ id, outcome, attempts, backend }) => [id, outcome, attempts, backend]), [[fallback?.id, 'ok', 2, 'Good'], [endpoint?.id, 'ok', 2, 'Good']]);
  assert.equal(ends[1]?.usage?.outputTokens, 2);
  assert.deepEqual(ends.map(({ parent, client, requestId }) => [parent, client, requestId]), [[toFallback?.id, 'ann', undefined], [undefined, 'ann', 'mine']]);
  assert.ok(ends.every(({ queuedMs, timing }) => queuedMs === 0 && timing !== undefined && timing.totalMs >= (timing.firstTokenMs ?? Infinity)));
  assert.deepEqual([of('failure')[0]?.parent, of('completion')[0]?.parent], [toBad?.id, toGood?.id]);
  assert.deepEqual(of('served').map(({ id, requestId, client, path, status }) => [id, requestId, client, path, status]), [[endpoint?.id, 'mine', 'ann', chat, 200]]);
});

test('A client that goes away is told as 499', async (t) => {
  const { post } = await startEndpoint(t, { nodes: [{ id: 'slow', type: 'llm-echo', tokensPerSecond: 1, delayMs: 60_000, wires: [[]] }] });
  const served = new Promise<LlmEvents['served']>((resolve) => t.after(bus.on('served', resolve)));
  const gone = new AbortController();
  const asked = new Promise<void>((resolve) => t.after(bus.on('request', () => resolve())));
  const response = post(chat, hello, { signal: gone.signal });
  await asked;
  gone.abort();
  await assert.rejects(response);
  assert.equal((await served).status, 499);
});

test('A prompt and its answer are told once, by the node where the request begins', async (t) => {
  const { post } = await startEndpoint(t, { nodes });
  const events = told(t, 'stage', 'asked', 'answered');
  await (await post(chat, hello)).text();
  const [endpoint] = events;
  assert.deepEqual(events.map(({ name }) => name), ['stage', 'asked', 'stage', 'answered']);
  assert.deepEqual(events.slice(1, 2), [{ name: 'asked', id: (endpoint as LlmEvents['stage']).id, payload: hello.messages, llm: { model: hello.model } }]);
  assert.equal((events.at(-1) as LlmEvents['answered']).id, (endpoint as LlmEvents['stage']).id);
});
