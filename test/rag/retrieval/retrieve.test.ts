import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { estimateTokenCount } from 'tokenx';
import { LlmError } from '../../../nodes/core/errors.ts';
import { retrieve, type RetrieveOptions } from '../../../nodes/rag/retrieval/retrieve.ts';
import { readRetrievalSettings } from '../../../nodes/rag/retrieval/settings.ts';
import { documentOf, passagesOf } from '../../support/passages.ts';
import { knowledge } from '../../support/retrieval.ts';

const { signal } = new AbortController();
type Given = Partial<Omit<RetrieveOptions, 'settings'>> & { settings?: Record<string, unknown> };

async function manual() {
  const { store, embedder, add } = knowledge(['valve', 'tap', 'pump', 'lid']);
  await add('pump.md', ['Intro to the device.', 'The pump has a valve.', 'Turn the valve to the left.', 'Then open the lid.', 'Clean it.'], {}, ['Pump']);
  await add('tap.md', ['A tap is a valve of its own.', 'Nothing else.'], { kind: 'tap' });
  const ask = (question: string, { settings, ...given }: Given = {}) => retrieve(question, { store, embedder, signal, settings: readRetrievalSettings(settings ?? {}), ...given });
  return { store, add, ask };
}

const texts = (passages: ReadonlyArray<{ text: string }>) => passages.map(({ text }) => text);

test('passages come as plain data with their place, neighbors joined, best first', async () => {
  const { ask } = await manual();
  const passages = await ask('valve', { settings: { mode: 'lexical' } });
  assert.deepEqual(passages, [
    { text: 'The pump has a valve.\n\nTurn the valve to the left.', source: 'pump.md', title: 'Title of pump.md', headings: ['Pump'], score: 1, start: 22, end: 72 },
    { text: 'A tap is a valve of its own.', source: 'tap.md', title: 'Title of tap.md', headings: [], score: 1, start: 0, end: 28 },
  ]);
});

test('a source that is empty gives way to the id, and the page is that of the beginning', async () => {
  const { store, ask } = await manual();
  const [one, two] = passagesOf(['A sealed box.', 'A sealed lid.']);
  assert.ok(one && two);
  await store.put(documentOf('box', { source: '' }), [{ ...one, page: 3 }, { ...two, page: 4 }]);
  assert.deepEqual((await ask('sealed', { settings: { mode: 'lexical' } })).map(({ source, page }) => [source, page]), [['box', 3]]);
});

test('nothing comes where nothing is found', async () => {
  const { ask } = await manual();
  assert.deepEqual(await ask('zebra', { settings: { mode: 'lexical' } }), []);
});

test('what is not relevant enough is left out, in every mode', async () => {
  const { ask } = await manual();
  const found = async (question: string, mode: string, minScore: number) => texts(await ask(question, { settings: { mode, minScore } }));
  assert.deepEqual(await found('the zebra crossing of the highway', 'lexical', 0.3), []);
  assert.deepEqual(await found('open lid', 'lexical', 1), ['Then open the lid.']);
  assert.deepEqual(await found('tap', 'vector', 0.6), ['A tap is a valve of its own.']);
  assert.deepEqual(await found('zebra', 'hybrid', 0.01), []);
  assert.deepEqual(await found('left valve', 'hybrid', 0.99), ['Turn the valve to the left.']);
});

test('a reranker orders the best candidates by their text and what stands above it, and its scores count', async () => {
  const { ask } = await manual();
  const seen: string[][] = [];
  const rerank = async (_: string, given: string[]) => {
    seen.push(given);
    return given.map((text) => (text.includes('tap') ? 0.9 : text.includes('left') ? 0.5 : 0.1));
  };
  const passages = await ask('valve', { rerank, settings: { mode: 'lexical', minScore: 0.2 } });
  assert.deepEqual(passages.map(({ text, score }) => [text, score]), [['A tap is a valve of its own.', 0.9], ['Turn the valve to the left.', 0.5]]);
  assert.deepEqual(seen[0]?.[0], 'Title of pump.md › Pump\nThe pump has a valve.');
  await ask('valve', { rerank, settings: { mode: 'lexical', rerankCandidates: 1 } });
  assert.equal(seen[1]?.length, 1);
  await ask('zebra', { rerank, settings: { mode: 'lexical' } });
  assert.equal(seen.length, 2);
});

test('a reranker that gives something else than scores has failed', async () => {
  const { ask } = await manual();
  for (const scores of [[], [NaN, 1, 1], [1, 1, 1, 1]]) await assert.rejects(ask('valve', { rerank: async () => scores, settings: { mode: 'lexical' } }), { kind: 'server' });
});

test('near-duplicates take no place', async () => {
  const { add, ask } = await manual();
  await add('copy.md', ['The pump has a VALVE!', 'Another valve.']);
  const found = texts(await ask('pump valve', { settings: { mode: 'lexical', maxPassages: 9 } }));
  assert.equal(found.filter((text) => /pump has/i.test(text)).length, 1);
  assert.ok(found.includes('Another valve.'));
});

test('neighbors come along where that is set, and where they fit', async () => {
  const { ask } = await manual();
  const lid = (settings: Record<string, unknown>) => ask('lid', { settings: { mode: 'lexical', ...settings } }).then(texts);
  assert.deepEqual(await lid({ widen: 0 }), ['Then open the lid.']);
  assert.deepEqual(await lid({ widen: 1 }), ['Turn the valve to the left.\n\nThen open the lid.\n\nClean it.']);
  assert.deepEqual(await lid({ widen: 10 }), ['Intro to the device.\n\nThe pump has a valve.\n\nTurn the valve to the left.\n\nThen open the lid.\n\nClean it.']);
  assert.deepEqual(await lid({ widen: 10, maxTokens: 16 }), ['Then open the lid.']);
});

test('the score of a widened passage is that of the passage found', async () => {
  const { ask } = await manual();
  assert.deepEqual((await ask('lid', { settings: { mode: 'lexical', widen: 2 } })).map(({ score }) => score), [1]);
});

test('neighbors of another version of a document do not come along', async () => {
  const { store, ask } = await manual();
  const passages = store.passages.bind(store);
  store.passages = async (id, from, to) => (await passages(id, from, to)).map((found) => ({ ...found, passage: { ...found.passage, text: `New: ${found.passage.text}` } }));
  assert.deepEqual(texts(await ask('lid', { settings: { mode: 'lexical', widen: 1 } })), ['Then open the lid.']);
});

test('the best passage always comes, cut where it is larger than the budget', async () => {
  const { add, ask } = await manual();
  const long = `The zebra ${'runs over the grass '.repeat(50)}.`;
  await add('zebra.md', [long, 'A small zebra.']);
  const [passage, ...others] = await ask('zebra runs', { settings: { mode: 'lexical', maxTokens: 20 } });
  assert.ok(passage && long.startsWith(passage.text));
  assert.deepEqual([others.length, passage.end], [0, passage.text.length]);
  assert.ok(estimateTokenCount(passage.text) <= 20);
});

test('an empty question is refused, and what is cancelled fails with its reason', async () => {
  const { store, ask } = await manual();
  for (const question of ['', ' \n']) await assert.rejects(ask(question), { kind: 'invalid_request', hint: /msg.payload/ });
  const gone = new LlmError('cancelled', 'Gone.');
  store.calls.length = 0;
  await assert.rejects(ask('valve', { signal: AbortSignal.abort(gone) }), gone);
  assert.deepEqual(store.calls, []);
  const controller = new AbortController();
  const rerank = async () => assert.fail('It went on.');
  const embedder = { model: 'words', question: async () => { controller.abort(gone); return Float32Array.of(1, 0, 0, 0); } };
  await assert.rejects(ask('valve', { signal: controller.signal, embedder, rerank }), gone);
});

test('a failure of the store, the embedder or the reranker is the failure', async () => {
  const { store, ask } = await manual();
  const failure = new LlmError('unavailable', 'It is not there.');
  const fails = async () => { throw failure; };
  await assert.rejects(ask('valve', { embedder: { model: 'words', question: fails } }), failure);
  await assert.rejects(ask('valve', { rerank: fails }), failure);
  for (const call of ['searchWords', 'searchVectors', 'passages']) {
    store.failures.set(call, failure);
    await assert.rejects(ask('valve', { settings: { widen: 1 } }), failure);
    store.failures.clear();
  }
});

test('whatever is asked, the passages keep the budget, stand in their documents, and no two are the same', async () => {
  const word = fc.constantFrom('valve', 'tap', 'pump', 'lid', 'the', 'is', '7', '阀门');
  const sentence = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => `${words.join(' ')}.`);
  const documents = fc.array(fc.array(sentence, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 });
  const settings = fc.record({
    mode: fc.constantFrom('hybrid', 'lexical', 'vector'), candidates: fc.integer({ min: 1, max: 20 }), maxPassages: fc.integer({ min: 1, max: 4 }), maxTokens: fc.integer({ min: 16, max: 60 }),
    minScore: fc.constantFrom(0, 0.3, 0.9), widen: fc.nat(2),
  });
  await fc.assert(
    fc.asyncProperty(documents, sentence, settings, async (all, question, given) => {
      const { store, embedder, add } = knowledge(['valve', 'tap', 'pump', 'lid']);
      for (const [at, parts] of all.entries()) await add(`${at}`, parts);
      const passages = await retrieve(question, { store, embedder, signal, settings: readRetrievalSettings(given) });
      assert.ok(passages.length <= given.maxPassages);
      assert.ok(passages.reduce((sum, { text }) => sum + estimateTokenCount(text), 0) <= given.maxTokens);
      for (const { text, source, start, end, score } of passages) {
        assert.equal(text, all[Number(source)]?.join('\n\n').slice(start, end));
        assert.ok(score >= given.minScore && score <= 1);
      }
      assert.equal(new Set(passages.map(({ source, start }) => `${source} ${start}`)).size, passages.length);
    }),
    { numRuns: 300 },
  );
});
