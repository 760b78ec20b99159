import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { equal, isWhole, scaled, sumOf } from '../../nodes/editor/shares.ts';

describe('The shares of a router', () => {
  for (const [given, expected] of [
    [[80, 20], [80, 20]],
    [[50, 30], [63, 37]],
    [[1, 1, 1], [34, 33, 33]],
    [[0, 0], [50, 50]],
    [[0, 10], [0, 100]],
    [[0.5, 99.5], [0.5, 99.5]],
    [[1, 999], [0.1, 99.9]],
    [[], []],
  ] as const) {
    test(`${given.join(', ') || 'none'} becomes ${expected.join(', ') || 'none'}`, () => assert.deepEqual(scaled(given), expected));
  }

  test('add up to 100 whatever they were', () => {
    const share = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true }));
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 50 }), (shares) => {
        assert.ok(isWhole(sumOf(scaled(shares))));
        assert.ok(scaled(shares).every((share) => share >= 0));
        assert.equal(sumOf(equal(shares.length)), 100);
      }),
    );
  });

  test('of three thirds are whole enough', () => {
    assert.ok(isWhole(sumOf([33.3, 33.3, 33.3].map((share) => share + 0.01))));
    assert.ok(!isWhole(sumOf([33, 33, 33])));
  });
});
