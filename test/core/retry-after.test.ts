import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRetryAfter } from '../../nodes/core/retry-after.ts';

const now = Date.UTC(1994, 10, 6, 8, 49, 0);

test('the wait is read as milliseconds, as seconds and as an HTTP date', () => {
  assert.equal(readRetryAfter({ 'retry-after-ms': '1500' }, now), 1500);
  assert.equal(readRetryAfter({ 'retry-after': '20' }, now), 20_000);
  assert.equal(readRetryAfter({ 'retry-after': '0.5' }, now), 500);
  assert.equal(readRetryAfter({ 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' }, now), 37_000);
  assert.equal(readRetryAfter({ 'retry-after': 'Sunday, 06-Nov-94 08:49:37 GMT' }, now), 37_000);
});

test('no wait is longer than an hour, whatever is asked for', () => {
  const year = 365 * 86_400;
  for (const headers of [{ 'retry-after': String(year) }, { 'retry-after-ms': String(year * 1000) }, { 'retry-after': '1e300' }, { 'retry-after': 'Mon, 06 Nov 2095 08:49:37 GMT' }]) {
    assert.equal(readRetryAfter(headers, now), 3_600_000);
  }
  assert.equal(readRetryAfter({ 'retry-after': '3599' }, now), 3_599_000);
});

test('a date that has passed means no wait', () => {
  assert.equal(readRetryAfter({ 'retry-after': 'Sun, 06 Nov 1994 08:48:00 GMT' }, now), 0);
});

test('milliseconds are more exact than seconds and win', () => {
  assert.equal(readRetryAfter({ 'retry-after-ms': '250', 'retry-after': '1' }, now), 250);
  assert.equal(readRetryAfter({ 'retry-after-ms': 'soon', 'retry-after': '1' }, now), 1000);
});

test('of a repeated header the first counts', () => {
  assert.equal(readRetryAfter({ 'retry-after': ['3', '9'] }, now), 3000);
});

test('what makes no sense is no wait', () => {
  for (const value of ['', ' ', 'soon', '-5', 'NaN', 'Infinity', '6m0s', 'attempt 12', 'until 2099', 'Sunday']) {
    assert.equal(readRetryAfter({ 'retry-after': value }, now), undefined, JSON.stringify(value));
  }
  assert.equal(readRetryAfter({}, now), undefined);
  assert.equal(readRetryAfter(undefined, now), undefined);
});
