import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChoice, readNumber } from '../../nodes/core/fields.ts';

test('a number stands there as a number or as its text', () => {
  assert.equal(readNumber('pace', 2.5, { min: 0, max: 10 }), 2.5);
  assert.equal(readNumber('pace', '2.5', { min: 0, max: 10 }), 2.5);
  assert.equal(readNumber('pace', 0, { min: 0, max: 10 }), 0);
  assert.equal(readNumber('pace', 10, { min: 0, max: 10 }), 10);
});

test('a missing or empty number is undefined', () => {
  for (const given of [undefined, null, '']) assert.equal(readNumber('pace', given, { min: 1, max: 10 }), undefined);
});

test('a number out of bounds, or something else, is refused by its name', () => {
  for (const given of [-1, 11, 'many', NaN, Infinity, true, {}, [5], '1,5']) {
    assert.throws(() => readNumber('pace', given, { min: 0, max: 10 }), { name: 'RangeError', message: 'pace must be a number from 0 to 10.' });
  }
  assert.throws(() => readNumber('count', 1.5, { min: 0, max: 10, integer: true }), { message: 'count must be a whole number from 0 to 10.' });
});

test('a choice is one of its words, and the first where it is missing', () => {
  assert.equal(readChoice('api', 'generate', ['chat', 'generate']), 'generate');
  assert.equal(readChoice('api', undefined, ['chat', 'generate']), 'chat');
  assert.equal(readChoice('api', '', ['chat', 'generate']), 'chat');
  assert.throws(() => readChoice('api', 'Chat', ['chat', 'generate']), { name: 'RangeError', message: 'api must be one of chat, generate.' });
});
