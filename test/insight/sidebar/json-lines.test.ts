import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJsonLines } from '../../../nodes/insight/sidebar/view/json-lines.ts';

async function read(pieces: readonly Uint8Array[]): Promise<unknown[]> {
  const lines: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  for await (const line of readJsonLines(stream)) lines.push(line);
  return lines;
}

test('Lines are the same however they are cut', async () => {
  const lines = fc.array(fc.oneof(fc.record({ type: fc.constant('text'), text: fc.string({ unit: 'grapheme' }) }, { noNullPrototype: true }), fc.record({ type: fc.constant('restart') }, { noNullPrototype: true })));
  await fc.assert(
    fc.asyncProperty(lines, fc.array(fc.nat(40), { minLength: 1 }), async (lines, sizes) => {
      const bytes = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      const pieces: Uint8Array[] = [];
      for (let at = 0, n = 0; at < bytes.length; n++) pieces.push(bytes.subarray(at, (at += 1 + (sizes[n % sizes.length] ?? 0))));
      assert.deepEqual(await read(pieces), lines);
    }),
  );
});

test('A line that was broken off is left out, and blank ones count for nothing', async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.deepEqual(await read([bytes('{"a":1}\n\n \n{"a":2}\r\n{"a":')]), [{ a: 1 }, { a: 2 }]);
});

test('Who stops reading ends the stream', async () => {
  const ended = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('{"a":1}\n')),
    cancel: () => ended.resolve(),
  });
  for await (const line of readJsonLines(stream)) {
    assert.deepEqual(line, { a: 1 });
    break;
  }
  await ended.promise;
});
