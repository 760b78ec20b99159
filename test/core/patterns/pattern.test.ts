/** Patterns of persons over texts of anybody: what they mean, and that none of them holds up everybody else. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Pattern } from '../../../nodes/core/patterns/pattern.ts';
import { placesOf } from '../../../nodes/core/patterns/places.ts';
import { isLinear } from '../../../nodes/core/patterns/syntax.ts';
import { PatternFailure, TimeBox } from '../../../nodes/core/patterns/time-box.ts';
import { expressionOf, pattern, text } from './random.ts';

/** Never in time for anything: what comes here is not tried. */
function never(): TimeBox {
  return new TimeBox({ limitMs: 50, maxWaiting: 0, maxWaitingChars: 0, idleMs: 1 });
}

function newBox(t: TestContext, limitMs = 50): TimeBox {
  const box = new TimeBox({ limitMs, maxWaiting: 10, maxWaitingChars: 1_000_000, idleMs: 60_000 });
  t.after(() => box.close());
  return box;
}

const plain = { ignoreCase: false, unicode: false };

/** Each with a text on which JavaScript's own engine takes longer than anybody waits. */
const endless: ReadonlyArray<readonly [source: string, text: string, fits: boolean]> = [
  [String.raw`(\w+\s?)*$`, `${'a'.repeat(28)}!`, true],
  [String.raw`^(\w+\s?)*$`, `${'a'.repeat(40)}!`, false],
  ['^(a+)+$', `${'a'.repeat(60)}b`, false],
  ['^(a|aa)+$', `${'a'.repeat(80)}b`, false],
  ['^(a|a)*$', `${'a'.repeat(60)}b`, false],
  ['^(.*a){20}$', `${'a'.repeat(60)}b`, false],
  [String.raw`^([a-z0-9]+[-._]?)*@x`, `${'a'.repeat(60)} x`, false],
  ['^(a?){40}a{40}$', 'a'.repeat(39), false],
  [String.raw`(\s+)+:`, ' '.repeat(3_000), false],
  ['^(a*)*$', `${'a'.repeat(60)}b`, false],
  [String.raw`^(\s*\w*)*$`, `${'a'.repeat(60)}!`, false],
  ['^(a{1,30}){1,9}$', `${'a'.repeat(500)}b`, false],
  ['(x+x+)+y', 'x'.repeat(60), false],
];

describe('A pattern', () => {
  for (const [source, text, fits] of endless) {
    test(`${source} is answered by RE2, at once`, async () => assert.equal(await new Pattern(source, plain, never()).test(text), fits));
  }

  test('finds places by RE2, too', async () => {
    const text = `${'a'.repeat(40)}! mail to bob.b@corp.example and to EVE@corp.example, ${'a.'.repeat(2_000)}`;
    const pattern = new Pattern(String.raw`(?:[\w-]+\.?)+@corp\.example`, { ignoreCase: true, unicode: true }, never());
    assert.deepEqual((await pattern.places(text)).map(([from, to]) => text.slice(from, to)), ['bob.b@corp.example', 'EVE@corp.example']);
  });

  test('means what it means in JavaScript, whoever tries it', async (t) => {
    const box = newBox(t, 5_000);
    await fc.assert(
      fc.asyncProperty(pattern, text, fc.boolean(), fc.boolean(), async (source, text, ignoreCase, unicode) => {
        const expression = expressionOf(source, `g${ignoreCase ? 'i' : ''}${unicode ? 'u' : ''}`);
        if (!expression) return;
        // A text that is long enough for the cheap way to be given up, and the same one as it is.
        for (const given of [text, text.repeat(60)]) {
          const subject = new Pattern(source, { ignoreCase, unicode }, box);
          assert.equal(await subject.test(given), given.search(expression) >= 0);
          assert.deepEqual(await subject.places(given), placesOf(expression, given));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('that is no regular expression, or longer than anybody writes, is refused', () => {
    assert.throws(() => new Pattern('(', plain), SyntaxError);
    assert.throws(() => new Pattern('a'.repeat(10_001), plain), RangeError);
  });

  test('that RE2 cannot say fails after its time, and the next one is answered', async (t) => {
    const box = newBox(t);
    const evil = new Pattern(String.raw`^(?=(\w+\s?)*$)`, plain, box);
    for (let round = 0; round < 2; round++) {
      await assert.rejects(evil.test(`${'a'.repeat(60)}!`), new PatternFailure('late', 50));
      assert.equal(await evil.test('good words'), true);
    }
    // Node-RED had its turns meanwhile.
    await assert.rejects(new Pattern(String.raw`^(\w+\s?)*\1$`, plain, box).places(`${'a'.repeat(60)}!`), { reason: 'late' });
  });

  test('waits for its turn without that being its fault; who comes when all places are taken is turned away', async (t) => {
    const box = new TimeBox({ limitMs: 200, maxWaiting: 2, maxWaitingChars: 10, idleMs: 60_000 });
    t.after(() => box.close());
    const evil = box.test(/^(?=(a+)+$)/g, `${'a'.repeat(60)}!`);
    const [first, second, third] = [box.test(/b/g, 'abc'), box.places(/b/g, 'abcb'), box.test(/b/g, 'abc')];
    await assert.rejects(third, { reason: 'full' });
    await assert.rejects(evil, { reason: 'late' });
    assert.deepEqual([await first, await second], [true, [[1, 2], [3, 4]]]);
    // One text may be longer than all that may wait.
    assert.equal(await box.test(/b/g, `${'a'.repeat(100)}b`), true);
  });

  test('is not late where it was Node-RED that had no turn', async (t) => {
    const box = newBox(t);
    assert.equal(await box.test(/a/g, 'a'), true);
    const asked = box.test(/b/g, 'ab');
    const until = performance.now() + 200;
    while (performance.now() < until);
    assert.equal(await asked, true);
  });

  test('that is too much for the engine fails', async (t) => {
    const box = newBox(t, 60_000);
    await assert.rejects(box.test(/^(?:(a|b)|(ba))*c/g, 'ab'.repeat(10_000_000)), { reason: 'failed' });
    assert.equal(await box.test(/a/g, 'a'), true);
  });

  test('keeps no process alive, and a closed box fails what waits', async () => {
    const box = new TimeBox({ limitMs: 50, maxWaiting: 10, maxWaitingChars: 100, idleMs: 60_000 });
    const asked = box.test(/a/g, 'a');
    box.close();
    await assert.rejects(asked, { reason: 'failed' });
  });
});

test('Which patterns RE2 can say', () => {
  const { ignoreCase, unicode } = { ignoreCase: true, unicode: false };
  for (const source of ['invoice', String.raw`\b(?:a|b)\b`, '^[^x]+$', String.raw`(?<year>\d{4})-\s*`, '[^]*?', String.raw`"type":\s*"x"`, '{', 'é']) {
    assert.equal(isLinear(source, { ignoreCase, unicode }), true, source);
  }
  for (const source of ['(?=a)', '(?!a)', '(?<=a)b', '(?<!a)b', String.raw`(a)\1`, String.raw`(?<n>a)\k<n>`, '(a{100}){100}', '(?i:a)', String.raw`\cA`, '[à-ü]', '😀+']) {
    assert.equal(isLinear(source, { ignoreCase, unicode }), false, source);
  }
});
