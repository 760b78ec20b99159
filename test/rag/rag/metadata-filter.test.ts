import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFilter } from '../../../nodes/rag/rag/metadata-filter.ts';

describe('A filter', () => {
  for (const missing of [undefined, null, '', {}, '{}', new Map([['user', 'ann']]), new Date(0)]) {
    test(`that is ${JSON.stringify(missing) ?? 'undefined'} fails: it would filter nothing`, () => {
      assert.throws(() => readFilter(missing), { kind: 'misconfigured', message: /^The filter (has no value|is empty)\. Nothing is searched without it\./ });
    });
  }

  test('with an empty list is one: it finds nothing', () => {
    assert.deepEqual(readFilter({ user: [] }), { user: [] });
  });

  test('is an object of values and of lists of values', () => {
    const filter = { language: 'en', year: [2025, 2026], draft: false, author: null };
    assert.deepEqual(readFilter(filter), filter);
  });

  test('may come as JSON text, as from an environment variable', () => {
    assert.deepEqual(readFilter('{"language": "en"}'), { language: 'en' });
  });

  for (const wrong of [7, true, [], ['a'], 'language', '[1]', '"a"', { a: {} }, { a: [[1]] }, { a: undefined }, { a: [undefined] }, { a: Array(1) }, { a: NaN }, { a: [Infinity] }]) {
    test(`is not ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => readFilter(wrong), { kind: 'misconfigured', message: /^The filter is no object of values\. For example/ });
    });
  }
});
