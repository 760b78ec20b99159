import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileProblems } from '../../scripts/check-pack/files.ts';

const good = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/backends/echo/echo.js', 'examples/welcome.json', 'docs/a.md'];

describe('The packed files', () => {
  test('a plain palette is fine', () => assert.deepEqual(fileProblems(good), []));

  for (const [file, problem] of [
    ['nodes/core/errors.js', 'does not belong in it'],
    ['.node-red/flows.json', 'does not belong in it'],
    ['dist/core/errors.ts', 'is a source'],
    ['dist/core/errors.js.map', 'is a source'],
    ['dist/test/server.js', 'is a test'],
    ['dist/core/errors.test.js', 'is a test'],
  ]) {
    test(`${file} ${problem}`, () => assert.deepEqual(fileProblems([...good, String(file)]), [`${file} ${problem}`]));
  }

  test('a palette without its license is not fine', () => {
    assert.deepEqual(fileProblems(good.filter((file) => file !== 'LICENSE')), ['LICENSE is missing']);
  });
});
