import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barPaths, linePath } from '../../../nodes/insight/sidebar/view/spark.ts';

test('A line goes through the values and is broken where there is none', () => {
  assert.equal(linePath([0, 50, undefined, 100, undefined, 25, 100], 100), 'M0.5 100L1.5 50M3.5 0h0M5.5 75L6.5 0');
  assert.equal(linePath([undefined, undefined], 0), '');
  assert.equal(linePath([0], 0), 'M0.5 100h0');
});

test('Bars stand on the ground, with the part that failed below', () => {
  assert.deepEqual(barPaths([[4, 1], [0, 0], [2, 2]]), { rest: 'M0.1 0h0.8v75h-0.8z', part: 'M0.1 75h0.8v25h-0.8zM2.1 50h0.8v50h-0.8z' });
  assert.deepEqual(barPaths([]), { rest: '', part: '' });
});
