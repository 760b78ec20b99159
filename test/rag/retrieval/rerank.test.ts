import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLlmError } from '../../../nodes/core/errors.ts';
import { readRerank, rerankBody } from '../../../nodes/rag/retrieval/rerank.ts';

const provider = { id: 'llamacpp', label: 'llama.cpp', url: 'http://localhost:8080' };
const read = (answer: unknown, count: number) => readRerank(answer, count, provider);
const rounded = (scores: number[]) => scores.map((score) => Math.round(score * 1000) / 1000);

test('the body asks for the scores of all texts', () => {
  const request = { model: 'bge', question: 'why', texts: ['a', 'b'] };
  assert.deepEqual(rerankBody(request), { model: 'bge', query: 'why', documents: ['a', 'b'], top_n: 2 });
  assert.deepEqual(rerankBody({ ...request, model: '' })['model'], undefined);
  assert.deepEqual(rerankBody({ ...request, textsField: 'texts' }), { query: 'why', texts: ['a', 'b'], truncate: true });
});

test('scores come in the order of the texts, from each kind of server', () => {
  const llamaCpp = { model: 'm', object: 'list', usage: { prompt_tokens: 9, total_tokens: 9 }, results: [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.2 }] };
  const vllm = { id: 'rerank-1', model: 'm', usage: { total_tokens: 9 }, results: [{ index: 1, document: { text: 'b' }, relevance_score: 0.9 }, { index: 0, document: { text: 'a' }, relevance_score: 0.2 }] };
  const cohere = { id: '1', results: [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.2 }], meta: { api_version: { version: '2' } } };
  const embeddingsInference = [{ index: 1, score: 0.9 }, { index: 0, score: 0.2 }];
  for (const answer of [llamaCpp, vllm, cohere, embeddingsInference]) assert.deepEqual(read(answer, 2), [0.2, 0.9]);
});

test('logits become numbers from 0 to 1 in the same order', () => {
  assert.deepEqual(rounded(read([{ index: 0, score: 7.7418 }, { index: 1, score: -2.3369 }, { index: 2, score: -11.016 }, { index: 3, score: 0 }], 4)), [1, 0.088, 0, 0.5]);
});

test('texts that the server leaves out have 0', () => {
  assert.deepEqual(read({ results: [{ index: 2, relevance_score: 0.5 }] }, 3), [0, 0, 0.5]);
  assert.deepEqual(rounded(read({ results: [{ index: 2, relevance_score: -1 }] }, 3)), [0, 0, 0.269]);
  assert.deepEqual(read([], 0), []);
});

test('anything else is the server’s failure', () => {
  const one = (result: unknown) => ({ results: [result] });
  for (const answer of [
    undefined, null, 'text', {}, { results: {} }, { results: [] }, [], { error: 'no' }, one(null), one({ relevance_score: 1 }), one({ index: 0 }), one({ index: 0, relevance_score: '1' }), one({ index: 0, relevance_score: NaN }),
    one({ index: 2, relevance_score: 1 }), one({ index: -1, relevance_score: 1 }), one({ index: 0.5, relevance_score: 1 }), { results: [{ index: 0, relevance_score: 1 }, { index: 0, relevance_score: 1 }] },
  ]) {
    assert.throws(() => read(answer, 2), (error) => isLlmError(error) && error.kind === 'server' && error.provider === 'llamacpp', JSON.stringify(answer));
  }
});

test('whatever numbers come, the scores are from 0 to 1 and in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -100, max: 100 }), { minLength: 1 }), (given) => {
      const scores = read(given.map((score, index) => ({ index, score })).toReversed(), given.length);
      for (const [at, score] of scores.entries()) {
        assert.ok(score >= 0 && score <= 1);
        for (const [other, value] of given.entries()) if ((given[at] ?? 0) > value) assert.ok(score >= (scores[other] ?? 0));
      }
    }),
  );
});
