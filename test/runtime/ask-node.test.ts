/** What the editor asks of a node comes back to the editor alone, and is told on the bus as any request. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { StreamPart } from '../../nodes/core/completion.ts';
import { LlmError } from '../../nodes/core/errors.ts';
import { bus, type LlmEvents } from '../../nodes/core/events.ts';
import { llmNode } from '../../nodes/runtime/llm-nodes.ts';
import { startEndpoint } from '../support/endpoint.ts';
import { echo, held, StageFlow } from '../support/policies.ts';
import { answers, fails, finish, hangs, text } from '../support/scripted-client.ts';

const story = answers([text('Once '), text('upon.'), finish]);

/** Asks a node by its id, with what was heard of the answer. */
function ask(id: string, payload: unknown = 'Hello', llm: object = {}) {
  const stop = new AbortController();
  const heard: StreamPart[] = [];
  const asked = llmNode(id)?.ask({ payload, llm }, { signal: stop.signal, sink: { write: (parts) => void heard.push(...parts) } });
  assert.ok(asked);
  return { ...asked, stop: () => stop.abort(new LlmError('cancelled', 'Stopped.')), said: () => heard.map((part) => (part.type === 'text' ? part.text : '')).join('') };
}

function told<N extends 'request' | 'stage' | 'stageEnd'>(t: TestContext, name: N): Array<Readonly<LlmEvents[N]>> {
  const events: Array<Readonly<LlmEvents[N]>> = [];
  t.after(bus.on(name, (event) => events.push(event)));
  return events;
}

test('A backend answers with its tokens, and its wires stay silent', async (t) => {
  const more = [{ id: 'b', type: 'llm-scripted', stream: true, retries: 0, scripts: [story, story], wires: [['after'], ['tokens']] }, { id: 'after', type: 'helper' }];
  const { flow } = await StageFlow.start(t, { type: 'llm-fallback' }, [held], { more });
  const requests = told(t, 'request');
  const { id, answer, said } = ask('b');
  const { completion, payload, _llmCalls } = await answer;
  assert.deepEqual([payload, said(), completion?.backend.id], ['Once upon.', 'Once upon.', 'b']);
  assert.equal(_llmCalls?.length, 1);
  assert.deepEqual(requests.map(({ requestId, parent }) => [requestId, parent]), [[id, undefined]]);
  flow.send('b', { payload: 'By wire' });
  assert.equal((await flow.next('after')).payload, 'Once upon.');
  assert.equal((await flow.next('tokens')).payload, 'Once ');
  assert.deepEqual([(await flow.rest('after')).length, (await flow.rest('tokens')).length], [0, 2]);
});

test('A stage is asked with all of its branches', async (t) => {
  const { flow } = await StageFlow.start(t, { type: 'llm-fallback' }, [[fails('server')], [story]]);
  const [stages, ends, requests] = [told(t, 'stage'), told(t, 'stageEnd'), told(t, 'request')];
  const { id, answer, said } = ask('stage');
  assert.deepEqual([(await answer).completion?.attempts.map(({ branch, outcome }) => [branch, outcome]), said()], [[['A', 'failed'], ['B', 'ok']], 'Once upon.']);
  assert.deepEqual([stages, ends].map((events) => events.map(({ id, parent }) => [id, parent])), [[[id, undefined]], [[id, undefined]]]);
  assert.ok(requests.length === 2 && requests.every(({ parent }) => parent !== undefined));
  assert.deepEqual(await flow.rest('outcomes'), []);
});

test('What fails comes back as its failure, and no Catch node hears of it', async (t) => {
  const { flow } = await StageFlow.start(t, { type: 'llm-fallback' }, [[fails('auth')]]);
  await assert.rejects(ask('stage').answer, { kind: 'auth' });
  await assert.rejects(ask('a', 'Hello', { maxTokens: -1 }).answer, { kind: 'invalid_request' });
  assert.deepEqual(await flow.rest('outcomes'), []);
});

test('Who goes away ends the request at the provider', async (t) => {
  const hanging = hangs();
  await StageFlow.start(t, { type: 'llm-fallback' }, [[hanging]]);
  const begun = new Promise<unknown>((resolve) => t.after(bus.on('request', resolve)));
  const { answer, stop } = ask('stage');
  await begun;
  stop();
  await assert.rejects(answer, { kind: 'cancelled' });
});

test('An endpoint answers as it would a client, without a key', async (t) => {
  await startEndpoint(t, { scripts: [story], keys: 'ann: sk-a', config: { models: [{ name: 'smart', model: 'gpt-x' }] } });
  const stages = told(t, 'stage');
  const { id, answer, said } = ask('endpoint', 'Hello', { model: 'smart' });
  assert.deepEqual([(await answer).completion?.text, said()], ['Once upon.', 'Once upon.']);
  assert.deepEqual(stages.map(({ id, parent, client }) => [id, parent, client]), [[id, undefined, undefined]]);
  await assert.rejects(ask('endpoint', 'Hello', { model: 'other' }).answer, { kind: 'not_found' });
});

test('A node that is deployed anew meanwhile leaves nobody waiting', async (t) => {
  const stage = await StageFlow.start(t, { type: 'llm-fallback' }, [echo], { more: [{ id: 'slow', type: 'llm-echo', delayMs: 1000, wires: [[]] }] });
  const { answer } = ask('slow');
  const failed = assert.rejects(answer, { kind: /cancelled|unavailable/ });
  await stage.advance(0);
  const deployed = stage.flow.deploy(stage.nodes.filter(({ id }) => id !== 'slow'));
  await stage.advance(1);
  await Promise.all([deployed, failed]);
});
