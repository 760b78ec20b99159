import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestRow } from '../../../nodes/insight/sidebar/api.ts';
import { choicesFor, type Filter, noFilter, passes } from '../../../nodes/insight/sidebar/view/filter.ts';

const entry = { id: 'e', name: 'E', type: 'llm-endpoint' };
const rows: RequestRow[] = [
  { id: 'good', at: '', entry, attempts: 1, outcome: 'ok', backend: 'GPU', route: 'A', client: 'web' },
  { id: 'failed', at: '', entry, attempts: 2, outcome: 'failed', error: 'timeout', backend: 'cloud', client: 'web' },
  { id: 'gone', at: '', entry, attempts: 1, outcome: 'cancelled', error: 'cancelled' },
  { id: 'running', at: '', entry, attempts: 0, outcome: 'running', client: '' },
];

function found(filter: Partial<Filter>): string[] {
  return rows.filter((row) => passes(row, { ...noFilter, ...filter })).map(({ id }) => id);
}

test('Requests are found by outcome, kind of failure, backend, route and client, and by several at once', () => {
  assert.deepEqual(found({}), ['good', 'failed', 'gone', 'running']);
  assert.deepEqual(found({ outcome: 'failed' }), ['failed']);
  assert.deepEqual(found({ outcome: 'timeout' }), ['failed']);
  assert.deepEqual(found({ outcome: 'cancelled' }), ['gone']);
  assert.deepEqual(found({ backend: 'GPU' }), ['good']);
  assert.deepEqual(found({ route: 'A' }), ['good']);
  assert.deepEqual(found({ client: 'web' }), ['good', 'failed']);
  assert.deepEqual(found({ client: 'web', outcome: 'timeout' }), ['failed']);
  assert.deepEqual(found({ client: 'web', route: 'B' }), []);
});

test('There is to choose what there is, and what is chosen', () => {
  assert.deepEqual(choicesFor(rows, 'backend', ''), ['GPU', 'cloud']);
  assert.deepEqual(choicesFor(rows, 'client', 'old'), ['old', 'web']);
  assert.deepEqual(choicesFor(rows, 'outcome', ''), ['cancelled', 'failed', 'ok', 'running', 'timeout']);
  assert.deepEqual(choicesFor([], 'route', ''), []);
});
