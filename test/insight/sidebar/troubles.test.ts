import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeStates } from '../../../nodes/insight/sidebar/api.ts';
import { troubleOf } from '../../../nodes/insight/sidebar/view/troubles.ts';

test('What does not work, or not as it should, is a trouble; what is only busy is none', () => {
  const troubled = nodeStates.filter((state) => troubleOf({ state, failedPercent: 0 }) === 'state');
  assert.deepEqual(troubled, ['degraded', 'loading', 'open', 'down', 'misconfigured']);
});

test('So is what fails too often, whatever it says of itself', () => {
  assert.deepEqual([19.9, 20, 100].map((failedPercent) => troubleOf({ state: 'ready', failedPercent })), [undefined, 'failures', 'failures']);
  assert.equal(troubleOf({ state: 'down', failedPercent: 100 }), 'state');
});
