/** The RAG node in the branches of stages, and behind an endpoint. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Citation } from '../../../nodes/core/citations.ts';
import type { StreamPart } from '../../../nodes/core/completion.ts';
import { ask as askAsStage, hungUp, lateFrame } from '../../support/asking.ts';
import { chat, startEndpoint } from '../../support/endpoint.ts';
import { cleanEnvironment } from '../../support/environment.ts';
import type { Flow, FlowNode } from '../../support/flow.ts';
import { testFolder } from '../../support/folder.ts';
import { failureAt, index, indexNodes, knowledgeNode, knowledgeTypes, otter, pump, ragNodes, startEmbeddings, startKnowledge, tap } from '../../support/knowledge.ts';
import { scriptedNode } from '../../support/policies.ts';
import { answers, finish, text } from '../../support/scripted-client.ts';
import { answerOf, echo, failureOf, func, returnNode, stage, triedIn } from '../../support/stages.ts';

cleanEnvironment();

const question = 'How is the pump opened?';

/** A RAG node in a branch. */
const rag = (id: string, next: string, config: object = {}): FlowNode => ({ id, type: 'llm-rag', knowledge: 'knowledge', template: '{{context}} {{question}}', maxPassages: 1, wires: [[next]], ...config });

async function start(t: TestContext, nodes: FlowNode[]): Promise<Flow> {
  const flow = await startKnowledge(t, [knowledgeNode, ...indexNodes(), ...nodes]);
  await index(flow, { payload: [pump, tap, otter] });
  return flow;
}

test('the answer of a branch comes back through it, with what it cites', async (t) => {
  const flow = await start(t, [...stage([[['rag']]]), rag('rag', 'echo'), echo('echo')]);
  const { payload, completion } = await answerOf(flow, { payload: question });
  assert.equal(payload, `[1] Pump\n${pump.text} ${question}`);
  assert.deepEqual(completion?.citations, [{ number: 1, title: 'Pump', source: 'pump', headings: [], start: 0, end: pump.text.length }]);
});

test('also through a return node, behind nodes that change the answer', async (t) => {
  const nodes = [...stage([[['rag']]]), rag('rag', 'echo'), echo('echo', { wires: [['change']] }), func('change', "msg.payload = 'So it says [1].'; return msg;", ['return']), returnNode];
  const { payload, completion } = await answerOf(await start(t, nodes), { payload: question });
  assert.deepEqual([payload, completion?.text, completion?.citations?.map(({ title }) => title)], ['So it says [1].', 'So it says [1].', ['Pump']]);
});

test('what fails in the store fails the attempt with its kind, and the next branch answers', async (t) => {
  const nodes = [...stage([[['rag'], { name: 'A' }], [['plain'], { name: 'B' }]]), rag('rag', 'echo', { knowledge: 'gone' }), echo('echo'), echo('plain')];
  const flow = await start(t, nodes);
  const { payload, completion } = await answerOf(flow, { payload: question });
  assert.deepEqual([payload, completion?.citations], [question, undefined], 'the next branch has the question as it came');
  assert.deepEqual(triedIn(completion?.attempts), ['A: misconfigured', 'B: ok']);
});

test('where all branches fail, the stage fails with what the store said', async (t) => {
  const flow = await start(t, [...stage([[['rag']]]), rag('rag', 'echo', { knowledge: 'gone' }), echo('echo')]);
  const { cause } = await failureOf(flow, { payload: question });
  assert.deepEqual([cause.kind, cause.hint], ['misconfigured', 'It was deleted or disabled: open the node and choose another knowledge store.']);
});

test('without evidence the branch may be another one', async (t) => {
  const nodes = [...stage([[['rag']]]), rag('rag', 'echo', { noEvidence: 'port', wires: [['echo'], ['sorry']] }), echo('echo'), func('sorry', "msg.payload = 'I do not know.'; return msg;", ['return']), returnNode];
  const { payload } = await answerOf(await start(t, nodes), { payload: 'Quantum chromodynamics?' });
  assert.equal(payload, 'I do not know.');
});

const withVectors = (url: string): FlowNode[] => [
  { ...knowledgeNode, embedWith: 'llamacpp', llamacpp: 'vectors' },
  { id: 'vectors', type: 'llm-llamacpp-server', url, healthIntervalMs: 0 },
];

test('a request that is cancelled ends the search, and nothing goes on', async (t) => {
  const searching = Promise.withResolvers<void>();
  const server = await startEmbeddings(t, (request) => {
    if (request === 1) return undefined;
    searching.resolve();
    return new Promise(() => undefined);
  });
  const flow = await startKnowledge(t, [...withVectors(server.url), ...indexNodes(), ...ragNodes()]);
  await index(flow, { payload: pump });
  const controller = new AbortController();
  const outcome = askAsStage(flow, 'rag', { payload: question }, { signal: controller.signal });
  await searching.promise;
  const done = Promise.withResolvers<unknown>();
  flow.onDone('rag', (_msg, error) => done.resolve(error));
  controller.abort(hungUp);
  assert.deepEqual(await outcome, { ok: false, failure: hungUp });
  assert.equal(await done.promise, undefined, 'no Catch node sees what nobody waits for');
  assert.deepEqual(await flow.rest('asked'), []);
});

test('a message whose stage no longer waits is dropped', async (t) => {
  const flow = await start(t, ragNodes());
  flow.send('rag', { payload: question, _llmCalls: [lateFrame()] });
  assert.deepEqual(await flow.rest('asked'), []);
  flow.send('rag', { payload: question, _llmCalls: [{ stage: 'gone', call: 'gone' }] });
  assert.match(String((await flow.next('asked')).payload), /pump/, 'a frame that did not come from here is none');
});

test('what a node of another palette behind it writes does not reach the next branch', async (t) => {
  const asked = { payload: [{ role: 'user', content: question }], records: [{ id: 1 }], llm: { extra: { user: 'ann' } } };
  const scribbles = "msg.records[0].id = 2; msg.payload[0].content = 'scribbled'; msg.llm.extra.user = 'bob'; throw new Error('Failed.');";
  const flow = await start(t, [...stage([[['rag']], [['echo']]]), rag('rag', 'function', { assemble: false }), func('function', scribbles, []), echo('echo')]);
  const { payload, records, llm } = await answerOf(flow, structuredClone(asked));
  assert.deepEqual([payload, records, llm], [question, asked.records, asked.llm]);
});

test('neither question nor passages stand in a failure or a status', async (t) => {
  const canary = 'canary-5b1f';
  const server = await startEmbeddings(t, (request) => (request === 1 ? undefined : 400));
  const flow = await startKnowledge(t, [...withVectors(server.url), ...indexNodes(), ...ragNodes()]);
  await index(flow, { payload: { ...pump, text: `${pump.text} ${canary}` } });
  const logged: unknown[] = [];
  for (const level of ['log', 'warn', 'debug'] as const) flow.node('rag')[level] = (said: unknown) => void logged.push(said);
  flow.send('rag', { payload: `Is ${canary} a pump?` });
  const failure = await failureAt(flow, 'asked');
  assert.equal(JSON.stringify([failure, flow.statuses('rag'), flow.statuses('index'), logged]).includes(canary), false);
  assert.equal(failure.cause.kind, 'invalid_request');
});

interface Answer {
  choices: Array<{ message: { content: string } }>;
  llm: { citations?: Citation[] };
}

async function startChat(t: TestContext, pieces: StreamPart[][], config: object = {}) {
  const nodes: FlowNode[] = [rag('rag', 'backend', { maxPassages: 2 }), { id: 'backend', name: 'Backend', ...scriptedNode, wires: [[]] }, knowledgeNode, ...indexNodes()];
  const userDir = testFolder(t).path;
  const endpoint = await startEndpoint(t, { nodes, config: { ...config }, scripts: [answers(...pieces, [finish])], register: knowledgeTypes, settings: { userDir } });
  await index(endpoint.flow, { payload: [pump, tap, otter] });
  return endpoint;
}

test('an endpoint’s client is told which passages the answer cites, whole and streamed, whatever else it may know', async (t) => {
  for (const tellBackend of [true, false]) {
    await t.test(String(tellBackend), async (t) => {
      const { post } = await startChat(t, [[text('With the lever [')], [text('1].')]], { tellBackend });
      const messages = [{ role: 'user', content: question }];
      const whole = (await (await post(chat, { messages })).json()) as Answer;
      assert.deepEqual(whole.llm.citations?.map(({ number, title, source }) => [number, title, source]), [[1, 'Pump', 'pump']]);
      const events = (await (await post(chat, { messages, stream: true, stream_options: { include_usage: true } })).text()).split('\n\n').filter((event) => event.startsWith('data: {'));
      const chunks = events.map((event) => JSON.parse(event.slice(6)) as Partial<Answer>);
      assert.deepEqual(chunks.flatMap(({ llm }) => (llm ? [llm.citations] : [])), [whole.llm.citations], 'in one chunk');
      assert.ok(chunks.findIndex(({ llm }) => llm) >= chunks.length - 2);
    });
  }
});

test('the model gets the passages, and an answer that cites none says so', async (t) => {
  const { post, client } = await startChat(t, [[text('I do not know.')]]);
  const { llm } = (await (await post(chat, { messages: [{ role: 'user', content: question }] })).json()) as Answer;
  assert.deepEqual(llm.citations, []);
  assert.match(String(client.requests[0]?.messages.at(-1)?.content), /^\[1\] Pump\n/);
});

test('a client cannot bring passages of its own', async (t) => {
  const { post } = await startChat(t, [[text('So [1] and [2] and [3].')]]);
  const body = { messages: [{ role: 'user', content: question }], context: ['forged'], llm: { context: ['forged'] } };
  const { llm } = (await (await post(chat, body)).json()) as Answer;
  assert.ok(llm.citations?.every(({ title }) => title === 'Pump' || title === 'Tap'));
});
