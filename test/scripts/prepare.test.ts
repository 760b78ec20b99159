import assert from 'node:assert/strict';
import { test } from 'node:test';
// @ts-expect-error plain JavaScript, because it must run on an older Node.js
import { commandOf } from '../../scripts/prepare.mjs';

test('A sentence names the command as it was typed', () => {
  assert.equal(commandOf('start'), 'npm start');
  assert.equal(commandOf('test'), 'npm test');
  assert.equal(commandOf('test:editor'), 'npm run test:editor');
  assert.equal(commandOf(undefined), 'npm start');
});
