import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashToUnit } from '../../nodes/core/hash.ts';

test('it is the start of the SHA-1 that everybody knows', () => {
  // FIPS 180-2, appendix A.1: "abc" gives a9993e36 4706816a …
  assert.equal(hashToUnit('abc'), 0xa9993e364706 / 2 ** 48);
  assert.equal(hashToUnit(''), 0xda39a3ee5e6b / 2 ** 48);
});

test('every text has its number from 0 up to 1', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const unit = hashToUnit(text);
      assert.ok(unit >= 0 && unit < 1);
      assert.equal(hashToUnit(text), unit);
    }),
  );
});

test('texts that differ by a digit are spread evenly', () => {
  const counts = Array.from({ length: 10 }, () => 0);
  for (let number = 0; number < 10_000; number++) {
    const tenth = Math.floor(hashToUnit(`user-${number}`) * 10);
    counts[tenth] = (counts[tenth] ?? 0) + 1;
  }
  const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  // 9 degrees of freedom: chance alone goes over this once in a thousand times.
  assert.ok(chiSquare < 27.88, `chi-square ${chiSquare}`);
});
