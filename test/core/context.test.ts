import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ContextPassage, readContext } from '../../nodes/core/context.ts';

const whole: ContextPassage = { text: 'It is so.', source: 'a.md', title: 'A', headings: ['Top', 'Sub'], score: 0.7, start: 10, end: 19, page: 2 };

test('a context that a node of ours has made is read as it is', () => {
  const { page: _page, ...pageless } = whole;
  assert.deepEqual(readContext([whole, pageless]), [whole, pageless]);
});

test('a string is a passage, and what is missing is empty', () => {
  const empty = { source: '', title: '', headings: [], score: 0, start: 0 };
  assert.deepEqual(readContext(['abc', { text: 'ab' }]), [{ ...empty, text: 'abc', end: 3 }, { ...empty, text: 'ab', end: 2 }]);
  assert.deepEqual(readContext([{ text: 'ab', start: 5 }])[0]?.end, 7);
});

test('what is no passage leaves the others their numbers', () => {
  assert.deepEqual(readContext([null, whole, 7, whole]).map(({ text }) => text), ['', 'It is so.', '', 'It is so.']);
});

test('whatever stands in a message, passages come out', () => {
  assert.deepEqual([undefined, null, {}, 'text', 7].map(readContext), [[], [], [], [], []]);
  const anything = fc.oneof(fc.anything(), fc.array(fc.oneof(fc.anything(), fc.record({ text: fc.string(), headings: fc.anything(), score: fc.anything(), start: fc.anything(), end: fc.anything(), page: fc.anything() }))));
  fc.assert(
    fc.property(anything, (given) => {
      const passages = readContext(given);
      assert.equal(passages.length, Array.isArray(given) ? given.length : 0);
      for (const { text, source, title, headings, score, start, end, page } of passages) {
        assert.ok([text, source, title, ...headings].every((value) => typeof value === 'string'));
        assert.ok([score, start, end, page ?? 1].every((value) => Number.isFinite(value)));
      }
    }),
  );
});
