/** JSON from outside: counted before it is built, and refused by the bound that it breaks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkBounds, JsonScan, maxDepth, maxValues, parseBounded, parseScanned } from '../../nodes/core/bounded-json.ts';
import { isLlmError, LlmError } from '../../nodes/core/errors.ts';

const what = 'The body';

/** Why it is refused; undefined for what is let through. */
function refusalOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    assert.ok(isLlmError(error), String(error));
    return error.whatHappened;
  }
}

/** Each container counts as many as it has members, and at least once. */
function sizeOf(value: unknown): { values: number; depth: number } {
  if (typeof value !== 'object' || value === null) return { values: 0, depth: 0 };
  const inner = Object.values(value).map(sizeOf);
  return { values: Math.max(1, inner.length) + inner.reduce((sum, { values }) => sum + values, 0), depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)) };
}

/** With blanks, and all that could be taken for structure within texts. */
const json = fc.tuple(fc.jsonValue({ maxDepth: 5, stringUnit: fc.constantFrom('a', '"', '\\', '[', '{', ']', '}', ',', ':', 'ä', '🦙', '\n', '\u2028') }), fc.nat({ max: 3 })).map(([value, indent]) => ({ value, text: JSON.stringify(value, null, indent) }));

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let from = 0;
  for (let at = 0; from < bytes.length; at++) {
    const to = from + (sizes[at % sizes.length] ?? 1);
    yield bytes.subarray(from, to);
    from = to;
  }
}

describe('JSON within bounds', () => {
  it('is what JSON.parse gives', () => {
    fc.assert(fc.property(json, ({ value, text }) => assert.deepEqual(parseBounded(text, { what }), JSON.parse(JSON.stringify(value)))));
  });

  it('may hold as many values and be as deep as the bounds say, and no more, however it is cut into pieces', () => {
    fc.assert(
      fc.property(json, fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1 }).filter((sizes) => sizes.some((size) => size > 0)), ({ text, value }, sizes) => {
        const { values, depth } = sizeOf(value);
        const scan = (bounds: { values?: number; depth?: number }) => () => {
          const counter = new JsonScan({ what, ...bounds });
          for (const piece of cut(Buffer.from(text), sizes)) counter.add(piece);
        };
        assert.equal(refusalOf(scan({ values, depth })), undefined);
        if (values > 0) assert.equal(refusalOf(scan({ values: values - 1 })), `The body holds more than ${values - 1} values.`);
        if (depth > 0) assert.equal(refusalOf(scan({ depth: depth - 1 })), `The body is nested more than ${depth - 1} levels deep.`);
      }),
    );
  });

  it('is bounded in the same way where it is a value already', () => {
    fc.assert(
      fc.property(json, ({ value }) => {
        const { values, depth } = sizeOf(value);
        assert.equal(refusalOf(() => checkBounds(value, { what, values, depth })), undefined);
        if (values > 0) assert.match(refusalOf(() => checkBounds(value, { what, values: values - 1 })) ?? '', /^The body holds more than/);
        if (depth > 0) assert.match(refusalOf(() => checkBounds(value, { what, depth: depth - 1 })) ?? '', /^The body is nested more than/);
      }),
    );
  });

  it('is read through texts of any length, with escapes at any place', () => {
    const text = fc.array(fc.oneof(fc.constantFrom('\\', '"', '],[', ','), fc.nat({ max: 200 }).map((length) => 'x'.repeat(length))), { maxLength: 30 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 150 }), (first, second, size) => {
        const scan = new JsonScan({ what, values: 3 });
        for (const piece of cut(Buffer.from(JSON.stringify([first, { a: second }])), [size])) scan.add(piece);
        assert.notEqual(refusalOf(() => scan.add(',')), undefined);
      }),
    );
  });

  it('is refused at the piece that is too much', () => {
    const scan = new JsonScan({ what });
    scan.add(`[${'0,'.repeat(maxValues - 1)}`);
    assert.equal(refusalOf(() => scan.add('0,')), 'The body holds more than 100,000 values.');
  });

  it('is no deeper than what follows can walk through', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    assert.equal(refusalOf(() => parseBounded(nested(maxDepth), { what })), undefined);
    for (const levels of [maxDepth + 1, 1_000_000]) assert.equal(refusalOf(() => parseBounded(nested(levels), { what })), 'The body is nested more than 200 levels deep.');
  });

  it('is bounded in bytes where that is asked for', () => {
    const scan = new JsonScan({ what, bytes: 1024 });
    scan.add('x'.repeat(1024));
    assert.equal(refusalOf(() => scan.add('x')), 'The body is larger than 1 KiB.');
  });

  it('is refused where it is none, or no UTF-8, as the kind of failure that it is', () => {
    for (const text of ['', '{', ']', ']]]]', '"a', '[1,]', Uint8Array.of(0x22, 0xff, 0x22)]) {
      assert.throws(() => parseScanned(text, { what: 'The answer', kind: 'server' }), (error) => error instanceof LlmError && error.kind === 'server' && error.whatHappened === 'The answer is no JSON.');
    }
  });

  it('of a flow may hold itself, and is then too deep', () => {
    const value: unknown[] = [];
    value.push({ value });
    assert.match(refusalOf(() => checkBounds(value, { what })) ?? '', /nested more than 200 levels/);
    value.push(value, value, value);
    assert.notEqual(refusalOf(() => checkBounds(value, { what })), undefined);
  });

  it('of a flow counts bytes, which stand one by one in JSON', () => {
    assert.match(refusalOf(() => checkBounds({ file: Buffer.alloc(maxValues) }, { what })) ?? '', /holds more than 100,000 values/);
    assert.equal(refusalOf(() => checkBounds({ file: Buffer.alloc(100) }, { what })), undefined);
  });
});
