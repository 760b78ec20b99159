import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits, limitFields, limitNames, readLimits } from '../../nodes/core/limits.ts';

test('a node without limits has the defaults', () => {
  assert.deepEqual(readLimits({}), defaultLimits);
  assert.deepEqual(readLimits({ retries: '', maxQueued: undefined, idleTimeoutMs: null }), defaultLimits);
  for (const name of limitNames) assert.equal(defaultLimits[name], limitFields[name].value);
});

test('a limit is a whole number or its text', () => {
  const limits = readLimits({ retries: '0', connectTimeoutMs: 250, maxConcurrent: '4' });
  assert.deepEqual(limits, { ...defaultLimits, retries: 0, connectTimeoutMs: 250, maxConcurrent: 4 });
});

test('each limit is held to its bounds and named where it is wrong', () => {
  for (const name of limitNames) {
    const { min, max } = limitFields[name];
    assert.equal(readLimits({ [name]: max })[name], max);
    assert.equal(readLimits({ [name]: min })[name], min);
    for (const given of [min - 1, max + 1, min + 0.5, 'none']) {
      assert.throws(() => readLimits({ [name]: given }), { name: 'RangeError', message: `${name} must be a whole number from ${min} to ${max}.` });
    }
  }
});
