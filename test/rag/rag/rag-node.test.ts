/** The RAG node in a plain flow: what it does to a message, and what it leaves alone. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { cleanEnvironment } from '../../support/environment.ts';
import type { Flow, FlowNode } from '../../support/flow.ts';
import { ask, failureAt, index, indexNodes, knowledgeNode, otter, pump, ragNodes, startKnowledge, tap, titlesIn } from '../../support/knowledge.ts';
import { startServer } from '../../support/server.ts';

cleanEnvironment();

async function start(t: TestContext, config?: Record<string, unknown>, more: FlowNode[] = []): Promise<Flow> {
  const flow = await startKnowledge(t, [knowledgeNode, ...indexNodes(), ...ragNodes(config), ...more]);
  await index(flow, { payload: [pump, tap, otter] });
  return flow;
}

const question = 'How is the pump opened?';

test('a question comes out as a prompt with its passages, and everything else is kept', async (t) => {
  const flow = await start(t, { maxPassages: 1 });
  const asked = await ask(flow, { payload: question, topic: 'mine', llm: { temperature: 0, system: 'Be kind.' } });
  assert.match(String(asked.payload), /^Answer the question with the passages below .*\n\nPassages:\n\n\[1\] Pump\nThe pump of the boiler is opened with a red lever\.\n\nQuestion: How is the pump opened\?\n$/s);
  const { context, ...settings } = asked.llm;
  assert.deepEqual([asked.topic, settings], ['mine', { temperature: 0, system: 'Be kind.', question }]);
  const { score = 0, ...passage } = context[0] ?? {};
  assert.deepEqual(passage, { text: pump.text, source: 'pump', title: 'Pump', headings: [], start: 0, end: pump.text.length });
  assert.ok(score > 0 && score <= 1);
  await flow.status('rag', '1 passage');
});

test('of a conversation the last question is searched by and replaced; history, system prompt and images stay', async (t) => {
  const flow = await start(t, { maxPassages: 1, template: '{{question}} <{{context}}>' });
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
  const before = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'How do otters sleep?' },
    { role: 'assistant', content: 'On their backs.' },
  ];
  const { payload, llm } = await ask(flow, { payload: [...before, { role: 'user', content: [{ type: 'text', text: question }, image] }] });
  assert.deepEqual(payload, [...before, { role: 'user', content: [{ type: 'text', text: `${question} <[1] Pump\n${pump.text}>` }, image] }]);
  assert.deepEqual(titlesIn({ llm }), ['Pump']);
});

test('in the second turn the passages of the first are left behind', async (t) => {
  const flow = await start(t, { maxPassages: 1, template: '{{question}}' }, [{ id: 'echo', type: 'llm-echo', tokensPerSecond: 0, wires: [['answered']] }, { id: 'answered', type: 'helper', wires: [] }]);
  const first = await ask(flow, { payload: question });
  flow.send('echo', first);
  const answered = await flow.next('answered');
  const second = await ask(flow, { ...answered, payload: [{ role: 'user', content: question }, { role: 'assistant', content: answered.payload }, { role: 'user', content: 'And how do otters sleep?' }] });
  assert.deepEqual([titlesIn(first), titlesIn(second)], [['Pump'], ['Otter']]);
});

test('a second node goes on counting: what a node before it found keeps its numbers', async (t) => {
  const flow = await startKnowledge(t, [
    knowledgeNode, ...indexNodes(), { id: 'second', type: 'llm-knowledge', collection: 'other' }, { id: 'fill', type: 'llm-index', knowledge: 'second', wires: [['indexed']] },
    { id: 'first', type: 'llm-rag', knowledge: 'second', assemble: false, wires: [['rag']] },
    ...ragNodes({ maxPassages: 1, template: '{{context}}' }),
  ]);
  await index(flow, { payload: pump });
  flow.send('fill', { payload: { ...tap, text: 'A second pump is in the cellar.' } });
  await flow.next('indexed');
  flow.send('first', { payload: 'Where is the pump?' });
  const { payload, llm } = (await flow.next('asked')) as Awaited<ReturnType<typeof ask>>;
  assert.deepEqual(titlesIn({ llm }), ['Tap', 'Pump']);
  assert.equal(payload, `[1] Tap\nA second pump is in the cellar.\n\n[2] Pump\n${pump.text}`);
});

test('without assembling, the prompt stays as it came', async (t) => {
  const flow = await start(t, { assemble: false });
  const { payload, llm } = await ask(flow, { payload: question });
  assert.deepEqual([payload, titlesIn({ llm })[0]], [question, 'Pump']);
});

test('the filter may be fixed, or come with the message', async (t) => {
  const flow = await start(t, { filter: 'only', filterType: 'msg', maxPassages: 9 });
  const found = async (only: unknown) => titlesIn(await ask(flow, { payload: 'What is opened, and who sleeps?', only })).sort();
  assert.deepEqual(await found({ year: 2026 }), ['Otter', 'Tap']);
  assert.deepEqual(await found({ year: [2025, 2027], language: 'en' }), ['Pump']);
  assert.deepEqual(await found({ language: 'de' }), []);
  flow.send('rag', { payload: question, only: 'canary' });
  const { message, cause } = await failureAt(flow, 'asked');
  assert.equal(cause.kind, 'misconfigured');
  assert.match(message, /The filter is no object of values\. For example/);
  assert.doesNotMatch(message, /canary/);
});

test('a filter that is set and comes out missing or empty is a failure, and nothing is searched', async (t) => {
  const cases: Array<[filterType: string, filter: string, ...msgs: object[]]> = [
    ['msg', 'only', {}, { only: {} }, { only: null }, { only: '' }],
    ['msg', 'deep.only', {}, { deep: 7 }],
    ['jsonata', '{"user": llm.client}', {}, { llm: {} }],
    ['jsonata', '$error("no")', {}],
    ['env', 'NO_SUCH_FILTER', {}],
    ['flow', 'only', {}],
  ];
  for (const [filterType, filter, ...msgs] of cases) {
    await t.test(`${filterType} ${filter}`, async (t) => {
      const flow = await start(t, { filter, filterType });
      for (const msg of msgs) {
        flow.send('rag', { payload: question, ...msg });
        const { message, cause } = await failureAt(flow, 'asked');
        assert.equal(cause.kind, 'misconfigured');
        assert.match(message, /The filter (has no value for this message|is empty)\. Nothing is searched without it\./, JSON.stringify(msg));
      }
      assert.deepEqual([await flow.rest('asked'), await flow.rest('none')], [[], []]);
    });
  }
});

test('each user finds what is theirs, and nobody without a name anything', async (t) => {
  const flow = await start(t, { filter: '{"user": llm.client}', filterType: 'jsonata' });
  await index(flow, { payload: [{ ...pump, metadata: { user: 'ann' } }, { ...tap, metadata: { user: 'bob' } }] });
  const found = async (client: unknown) => titlesIn(await ask(flow, { payload: 'What is opened, and who sleeps?', llm: { client } }));
  assert.deepEqual([await found('ann'), await found('bob'), await found('eve'), await found([]), await found(null)], [['Pump'], ['Tap'], [], [], []]);
});

test('a field that an environment variable has emptied asks for a filter', async (t) => {
  process.env['TEST_FILTER'] = '';
  t.after(() => delete process.env['TEST_FILTER']);
  const flow = await start(t, { filter: '${TEST_FILTER}' });
  flow.send('rag', { payload: question });
  assert.match((await failureAt(flow, 'asked')).message, /The filter has no value\./);
});

test('without evidence the message goes on without passages, or leaves by the second port as it came', async (t) => {
  const nothing = 'Quantum chromodynamics?';
  await t.test('goes on', async (t) => {
    const flow = await start(t);
    const { payload, llm } = await ask(flow, { payload: nothing });
    assert.match(String(payload), /Passages:\n\n\(none\)/);
    assert.deepEqual(llm.context, []);
    await flow.status('rag', 'llm.status.noEvidence');
  });
  await t.test('leaves', async (t) => {
    const flow = await start(t, { noEvidence: 'port', minScore: 0.3 });
    const { _msgid, ...msg } = await ask(flow, { payload: nothing, topic: 'mine' }, 'none');
    assert.deepEqual(msg, { payload: nothing, topic: 'mine' });
    assert.deepEqual(await flow.rest('asked'), []);
    assert.deepEqual(titlesIn(await ask(flow, { payload: question }))[0], 'Pump');
  });
});

test('a request for vectors passes through as it is', async (t) => {
  const flow = await start(t, { knowledge: 'gone' });
  const { payload, llm } = await ask(flow, { payload: ['a', 'b'], llm: { task: 'embed' } });
  assert.deepEqual([payload, llm], [['a', 'b'], { task: 'embed' }]);
});

test('what is no question is one failure that says what is missing', async (t) => {
  const flow = await start(t);
  for (const payload of [undefined, '', 7, [], [{ role: 'system', content: 'x' }], [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }]]) {
    flow.send('rag', { payload });
    assert.equal((await failureAt(flow, 'asked')).cause.kind, 'invalid_request');
    assert.deepEqual(await flow.rest('asked'), []);
  }
});

test('settings that cannot work are the failure of every message', async (t) => {
  for (const [config, message] of [
    [{ maxPassages: 0 }, /maxPassages must be a whole number/],
    [{ mode: 'magic' }, /mode must be one of/],
    [{ template: '{{question' }, /template cannot be read/],
    [{ template: '{{answer}}' }, /names \{\{answer\}\}/],
    [{ filter: '{', filterType: 'json' }, /filter is no object of values/],
    [{ filter: '[1]' }, /filter is no object of values/],
    [{ filter: '{}' }, /filter is empty/],
    [{ filter: '', filterType: 'msg' }, /filter has no value/],
    [{ filterType: 'jsonata' }, /filter has no value/],
    [{ rerankWith: 'vllm' }, /No server for reranking is chosen/],
    [{ noEvidence: 'loop' }, /noEvidence must be one of/],
  ] as const) {
    await t.test(String(message), async (t) => {
      const flow = await startKnowledge(t, [knowledgeNode, ...ragNodes(config)]);
      flow.send('rag', { payload: question });
      const failure = await failureAt(flow, 'asked');
      assert.match(failure.message, message);
      assert.equal(failure.cause.kind, 'misconfigured');
      assert.deepEqual(flow.statuses('rag').at(-1), { fill: 'red', shape: 'ring', text: 'llm.status.misconfigured' });
    });
  }
});

test('a reranker has the last word on the order', async (t) => {
  const server = await startServer((exchange) => {
    const texts = exchange.request.json['documents'] as string[] | undefined;
    exchange.json(200, { results: (texts ?? []).map((text, index) => ({ index, relevance_score: text.includes('Otter') ? 0.9 : 0.1 })) });
  });
  t.after(() => server.close());
  for (const kind of ['llamacpp', 'vllm']) {
    await t.test(kind, async (t) => {
      const node = { id: 'ranker', type: `llm-${kind}-server`, url: server.url, healthIntervalMs: 0 };
      const flow = await start(t, { rerankWith: kind, [kind]: 'ranker', rerankModel: 'bge' }, [node]);
      assert.equal(titlesIn(await ask(flow, { payload: 'What is opened, and who sleeps?' }))[0], 'Otter');
      const { json, path } = server.requests.at(-1) ?? {};
      assert.deepEqual([path, json?.['model'], json?.['query']], ['/v1/rerank', 'bge', 'What is opened, and who sleeps?']);
    });
  }
  await t.test('and where it is gone, that is said', async (t) => {
    const flow = await start(t, { rerankWith: 'vllm', vllm: 'ranker' });
    flow.send('rag', { payload: question });
    assert.match((await failureAt(flow, 'asked')).message, /The server for reranking that the node uses is not there/);
  });
});
