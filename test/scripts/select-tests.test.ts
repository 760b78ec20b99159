import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
// @ts-expect-error plain JavaScript, because it must run on an older Node.js
import { selectTests } from '../../scripts/select-tests.mjs';

const paths = [
  'test/core/retry.test.ts',
  'test/core',
  'test/backends/echo/echo.test.ts',
  'test/support/server.ts',
  'test/editor/dialogs.test.ts',
  'test/real/openai.test.ts',
  'test/bench/run.ts',
  'test/chaos/chaos.test.ts',
  String.raw`test\core\breaker.test.ts`,
];

describe('Which tests run', () => {
  test('without a name, all that need nothing but Node.js', () => {
    assert.deepEqual(selectTests([], paths), [
      'test/backends/echo/echo.test.ts',
      'test/core/breaker.test.ts',
      'test/core/retry.test.ts',
    ]);
  });

  test('with a folder, all that are in it', () => {
    assert.deepEqual(selectTests(['test/editor'], paths), ['test/editor/dialogs.test.ts']);
    assert.deepEqual(selectTests(['./test/core/'], paths), ['test/core/breaker.test.ts', 'test/core/retry.test.ts']);
  });

  test('with a file, that file, even where a script names its folder too', () => {
    assert.deepEqual(selectTests(['test/editor', 'test/editor/a.test.ts'], paths), ['test/editor/a.test.ts']);
  });

  test('with an unknown folder, none', () => {
    assert.deepEqual(selectTests(['test/nowhere'], paths), []);
  });
});
