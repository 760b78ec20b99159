import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRetrievalSettings, retrievalFields } from '../../../nodes/rag/retrieval/settings.ts';

const defaults = { mode: 'hybrid', candidates: 50, rerankCandidates: 20, maxPassages: 6, maxTokens: 1500, minScore: 0, widen: 0 };

test('what a flow file lacks takes its default', () => {
  assert.deepEqual(readRetrievalSettings({}), defaults);
  assert.deepEqual(readRetrievalSettings({ mode: '', maxTokens: '', minScore: null }), defaults);
});

test('numbers may stand as the texts of an editor', () => {
  assert.deepEqual(readRetrievalSettings({ mode: 'vector', maxPassages: '3', minScore: '0.25', widen: 1 }), { ...defaults, mode: 'vector', maxPassages: 3, minScore: 0.25, widen: 1 });
});

test('what is out of bounds is named', () => {
  for (const [name, { min, max }] of Object.entries(retrievalFields)) {
    for (const given of [min - 1, max + 1, 'many', {}, NaN]) assert.throws(() => readRetrievalSettings({ [name]: given }), new RegExp(`^RangeError: ${name} must be`));
  }
  assert.throws(() => readRetrievalSettings({ maxTokens: 20.5 }), /whole number/);
  assert.throws(() => readRetrievalSettings({ mode: 'magic' }), /^RangeError: mode must be one of hybrid, lexical, vector/);
});
