/** Where RE2 is said to mean the same as JavaScript, it does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSameInRe2, LinearPattern } from '../../../nodes/core/patterns/linear.ts';
import { placesOf } from '../../../nodes/core/patterns/places.ts';
import { readPattern } from '../../../nodes/core/patterns/syntax.ts';
import { expressionOf, pattern, text } from './random.ts';

test('RE2 finds what JavaScript finds', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(pattern, fc.array(text, { minLength: 1, maxLength: 6 }), fc.boolean(), fc.boolean(), async (source, texts, ignoreCase, unicode) => {
      const flags = { ignoreCase, unicode };
      const expression = expressionOf(source, `g${ignoreCase ? 'i' : ''}${unicode ? 'u' : ''}`);
      const facts = expression && readPattern(source, flags);
      if (facts?.re2 === undefined) return;
      const linear = new LinearPattern(facts.re2, ignoreCase);
      for (const text of texts) {
        if (!isSameInRe2(facts, flags, text)) continue;
        compared++;
        assert.equal(await linear.test(text), text.search(expression!) >= 0, `${expression} on ${JSON.stringify(text)}`);
        if (facts.isSamePlace) assert.deepEqual(await linear.places(text), placesOf(expression!, text), `${expression} on ${JSON.stringify(text)}`);
      }
    }),
    { numRuns: Number(process.env['RUNS'] ?? 2_000) },
  );
  assert.ok(compared > 1_000, `compared ${compared}`);
});
