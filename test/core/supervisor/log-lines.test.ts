import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogLines } from '../../../nodes/core/supervisor/log-lines.ts';

function read(pieces: string[], options: Partial<ConstructorParameters<typeof LogLines>[0]> = {}): readonly string[] {
  const log = new LogLines({ secrets: [], ...options });
  for (const piece of pieces) log.write(piece);
  log.flush();
  return log.lines;
}

test('the last lines are kept, without empty ones and without the colors of a terminal', () => {
  assert.deepEqual(read(['a\nb\r\n\n\x1b[31mc\x1b[0m \nd']), ['a', 'b', 'c', 'd']);
  assert.deepEqual(read(['a\nb\nc\n'], { maxLines: 2 }), ['b', 'c']);
});

test('a line that is drawn anew is the last of its versions', () => {
  assert.deepEqual(read(['\r 10%', '\r 20%\r', ' 30%', '\rdone\nnext']), ['done', 'next']);
});

test('a long line is cut, and costs no more than it shows', () => {
  const log = new LogLines({ secrets: [], maxLength: 5 });
  for (let piece = 0; piece < 1000; piece++) log.write('abc');
  assert.equal(log.pending.length, 5);
  log.flush();
  assert.deepEqual(log.lines, ['abcab']);
});

test('the beginning of a line is to be had before its end, but is none of the lines', () => {
  const log = new LogLines({ secrets: ['secret'] });
  log.write('the sec');
  assert.deepEqual([log.pending, log.lines], ['the sec', []]);
});

test('however the output comes in pieces, the lines are the same and no secret stands in them', () => {
  const secrets = ['abcd', 'abcdef', 'ccccc'];
  const words = fc.array(fc.oneof(fc.constantFrom(...secrets, '\n', ' ', 'x'.repeat(9)), fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 4 })), { maxLength: 30 });
  fc.assert(
    fc.property(words, fc.array(fc.nat(), { maxLength: 10 }), (given, cuts) => {
      const text = given.join('');
      const places = cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b);
      const pieces = [0, ...places].map((from, index) => text.slice(from, places[index]));
      const options = { secrets, maxLength: 12 };
      const lines = read(pieces, options);
      assert.deepEqual(lines, read([text], options));
      for (const line of lines) {
        assert.ok(line.length <= 12);
        for (const secret of secrets) assert.ok(!line.includes(secret), line);
      }
    }),
  );
});

test('a secret that the cut goes through is hidden as well', () => {
  assert.deepEqual(read(['12345678secret'], { secrets: ['secret'], maxLength: 10 }), ['12345678••']);
});

test('words of three letters are no secrets', () => {
  assert.deepEqual(read(['cuda 0 on'], { secrets: ['0', 'on', ''] }), ['cuda 0 on']);
});
