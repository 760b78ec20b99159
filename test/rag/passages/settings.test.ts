import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSplitOptions, readSplitOptions } from '../../../nodes/rag/passages/settings.ts';

test('what is missing takes its default, which fits the other', () => {
  assert.deepEqual(readSplitOptions({}), defaultSplitOptions);
  assert.deepEqual(readSplitOptions({ maxTokens: '512', overlapTokens: '' }), { maxTokens: 512, overlapTokens: 32 });
  assert.deepEqual(readSplitOptions({ maxTokens: 40 }), { maxTokens: 40, overlapTokens: 20 });
  assert.deepEqual(readSplitOptions({ maxTokens: 17 }), { maxTokens: 17, overlapTokens: 8 });
  assert.deepEqual(readSplitOptions({ overlapTokens: 0 }), { maxTokens: 256, overlapTokens: 0 });
});

test('what is out of bounds is named', () => {
  for (const [config, name] of [[{ maxTokens: 15 }, /^maxTokens must/], [{ maxTokens: 'x' }, /^maxTokens must/], [{ overlapTokens: -1 }, /^overlapTokens must/], [{ maxTokens: 60, overlapTokens: 31 }, /^overlapTokens must be at most half/]] as const) {
    assert.throws(() => readSplitOptions(config), (error) => error instanceof RangeError && name.test(error.message));
  }
});
