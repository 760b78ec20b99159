import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCandidates } from '../../../nodes/rag/retrieval/candidates.ts';
import type { RetrievalMode } from '../../../nodes/rag/retrieval/settings.ts';
import { knowledge } from '../../support/retrieval.ts';

/** Two documents: words alone find one passage, meaning alone the other, and both the last. */
async function setUp() {
  const { store, embedder, add } = knowledge(['valve', 'tap']);
  await add('a', ['E4711 means that the lid is open.', 'The valve is red.']);
  await add('b', ['Valve and tap, tap, tap.'], { lang: 'en' });
  const find = async (question: string, mode: RetrievalMode, options: { filter?: Record<string, string>; candidates?: number; bare?: boolean } = {}) => {
    const { filter, candidates = 50, bare = false } = options;
    const found = await findCandidates(question, { store, embedder: bare ? undefined : embedder, filter, settings: { mode, candidates }, signal: new AbortController().signal });
    return found.map(({ found: { document, ordinal }, score }) => [`${document.id}${ordinal}`, Math.round(score * 100) / 100]);
  };
  return { store, find };
}

test('by words, the score is the share of the question that a passage holds', async () => {
  const { store, find } = await setUp();
  assert.deepEqual(await find('E4711', 'lexical'), [['a0', 1]]);
  assert.deepEqual(await find('nothing of it', 'lexical'), []);
  assert.deepEqual(store.calls.filter((call) => call.startsWith('search')), ['searchWords', 'searchWords']);
});

test('by meaning, the score is the cosine', async () => {
  const { store, find } = await setUp();
  assert.deepEqual(await find('valve', 'vector'), [['a1', 1], ['b0', 0.32], ['a0', 0]]);
  assert.deepEqual(store.calls.filter((call) => call.startsWith('search')), ['searchVectors']);
  const away = { model: 'words', question: async () => Float32Array.of(-1, 0) };
  const found = await findCandidates('valve', { store, embedder: away, settings: { mode: 'vector', candidates: 9 }, signal: new AbortController().signal });
  assert.deepEqual(found.map(({ score }) => score), [0, 0, 0]);
});

test('by both, the score is the higher one, and what both find goes first', async () => {
  const { find } = await setUp();
  assert.deepEqual(await find('valve E4711', 'hybrid'), [['a1', 1], ['a0', 0.64], ['b0', 0.36]]);
});

test('without an embedder a hybrid search is one by words, and one by meaning says what is missing', async () => {
  const { store, find } = await setUp();
  assert.deepEqual(await find('E4711', 'hybrid', { bare: true }), [['a0', 1]]);
  assert.deepEqual(store.calls.filter((call) => call.startsWith('search')), ['searchWords']);
  await assert.rejects(find('E4711', 'vector', { bare: true }), { kind: 'misconfigured', hint: /Choose one in the knowledge node/ });
});

test('both searches are narrowed, and no more come than asked for', async () => {
  const { find } = await setUp();
  assert.deepEqual(await find('valve', 'hybrid', { filter: { lang: 'en' } }), [['b0', 1]]);
  assert.deepEqual((await find('valve E4711', 'hybrid', { candidates: 1 })).length, 1);
});
