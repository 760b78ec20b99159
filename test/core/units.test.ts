import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, dollars, duration, figure, percent } from '../../nodes/core/units.ts';

test('Figures are as exact as they need to be', () => {
  assert.deepEqual([0, 0.00003456, 0.0123, 0.5, 12.345].map(dollars), ['$0', '$0.000035', '$0.012', '$0.5', '$12.35']);
  assert.deepEqual([0.4, 999, 999.7, 1000, 59_949, 59_960, 120_000, 125_000].map(duration), ['0 ms', '999 ms', '1.0 s', '1.0 s', '59.9 s', '1 min', '2 min', '2 min 5 s']);
  assert.deepEqual([0, 0.04, 1.55, 9.94, 9.96, 1234.5].map(figure), ['0', '0', '1.6', '9.9', '10', '1,235']);
  assert.deepEqual([0, 9_999, 12_345, 1_234_567].map(count), ['0', '9,999', '12.3K', '1.2M']);
  assert.deepEqual([0, 0.01, 0.4, 12.34, 100].map(percent), ['0 %', '< 0.1 %', '0.4 %', '12 %', '100 %']);
});
