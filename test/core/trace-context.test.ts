/** W3C's trace context, in and out. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readTraceparent, tellTraceparent, traceparentOf, writeTraceparent } from '../../nodes/core/trace-context.ts';

const example = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('A traceparent', () => {
  test('is read into its parts, and written from them', () => {
    const context = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', flags: 1 };
    assert.deepEqual(readTraceparent(example), context);
    assert.equal(writeTraceparent(context), example);
  });

  test('of a later version may have more', () => assert.equal(readTraceparent(`cc-${example.slice(3)}-what-the-future-holds`)?.flags, 1));

  for (const bad of [undefined, '', 7, example.toUpperCase(), example.replace('4bf', 'xyz'), `ff-${example.slice(3)}`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`, `${example}0`]) {
    test(`is none: ${String(bad)}`, () => assert.equal(readTraceparent(bad), undefined));
  }

  test('that was written is read again', () => {
    const digits = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length }).filter((text) => !/^0+$/.test(text));
    fc.assert(fc.property(digits(32), digits(16), fc.integer({ min: 0, max: 255 }), (traceId, spanId, flags) => assert.deepEqual(readTraceparent(writeTraceparent({ traceId, spanId, flags })), { traceId, spanId, flags })));
  });
});

test('Who traces says what servers are told, until it ends', () => {
  const end = tellTraceparent((requestId) => (requestId === 'mine' ? example : undefined));
  assert.deepEqual([traceparentOf('mine'), traceparentOf('other')], [example, undefined]);
  end();
  assert.equal(traceparentOf('mine'), undefined);
});
