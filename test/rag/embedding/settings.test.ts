import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embeddingFields, readEmbeddingSettings } from '../../../nodes/rag/embedding/settings.ts';

test('what a flow file lacks takes its default', () => {
  const defaults = { batchSize: 32, maxBatchTokens: 8192, concurrency: 2, questionPrefix: '', passagePrefix: '' };
  assert.deepEqual(readEmbeddingSettings({}), defaults);
  assert.deepEqual(readEmbeddingSettings({ batchSize: '', questionPrefix: null, passagePrefix: 7 }), defaults);
});

test('what is given counts, and a prefix keeps its blank', () => {
  assert.deepEqual(readEmbeddingSettings({ batchSize: '8', maxBatchTokens: 512, concurrency: 1, questionPrefix: 'query: ', passagePrefix: 'passage: ' }), {
    batchSize: 8, maxBatchTokens: 512, concurrency: 1, questionPrefix: 'query: ', passagePrefix: 'passage: ',
  });
});

test('what is out of bounds is named', () => {
  for (const [name, { min, max }] of Object.entries(embeddingFields)) {
    for (const given of [min - 1, max + 1, min + 0.5, 'many']) assert.throws(() => readEmbeddingSettings({ [name]: given }), new RegExp(`^RangeError: ${name} must be`));
  }
});
