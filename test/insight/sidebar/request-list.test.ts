import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RequestRow } from '../../../nodes/insight/sidebar/api.ts';
import { KnownRequests } from '../../../nodes/insight/sidebar/view/request-list.ts';

const start = Date.UTC(2026, 0, 1);

function row(id: string, second = Number(id), more: Partial<RequestRow> = {}): RequestRow {
  return { id, at: new Date(start + second * 1_000).toISOString(), entry: { id: 'e', name: 'E', type: 'llm-endpoint' }, outcome: 'ok', attempts: 1, ...more };
}

function ids(known: KnownRequests): string[] {
  return known.rows.map(({ id }) => id);
}

test('What is new comes on top, and what has changed stays where it is', () => {
  const known = new KnownRequests();
  known.take({ last: 2, requests: [row('2', 2, { outcome: 'running' }), row('1', 1, { outcome: 'running' })] }, 0);
  assert.deepEqual([ids(known), known.last], [['2', '1'], 2]);
  known.take({ last: 5, requests: [row('3'), row('1')] }, 2);
  assert.deepEqual([ids(known), known.rows.map(({ outcome }) => outcome), known.last], [['3', '2', '1'], ['ok', 'running', 'ok'], 5]);
});

test('What began in the same moment stays in the order in which it is told', () => {
  const known = new KnownRequests();
  known.take({ last: 3, requests: [row('c', 0), row('b', 0), row('a', 0)] }, 0);
  known.take({ last: 5, requests: [row('d', 0), row('b', 0)] }, 3);
  assert.deepEqual(ids(known), ['d', 'c', 'b', 'a']);
});

test('What is no longer kept goes', () => {
  const known = new KnownRequests();
  known.take({ last: 2, requests: [row('2'), row('1')] }, 0);
  known.take({ last: 3, requests: [row('3')], kept: ['3', '2'] }, 2);
  assert.deepEqual(ids(known), ['3', '2']);
});

test('How many are not kept is known as it is told last', () => {
  const known = new KnownRequests();
  known.take({ last: 1, requests: [row('1')], skipped: 7 }, 0);
  assert.equal(known.skipped, 7);
  known.take({ last: 2, requests: [row('2')] }, 1);
  assert.equal(known.skipped, 0);
});

test('To start over keeps what is known until the answer, and then that alone', () => {
  const known = new KnownRequests();
  known.take({ last: 90, requests: [row('2'), row('1')] }, 0);
  known.startOver();
  assert.deepEqual([ids(known), known.last], [['2', '1'], 0]);
  known.take({ last: 91, requests: [row('9')] }, 90);
  assert.deepEqual([ids(known), known.last], [['2', '1'], 0], 'an answer to an older question is none');
  known.take({ last: 4, requests: [row('3')] }, 0);
  assert.deepEqual([ids(known), known.last], [['3'], 4]);
});

test('Whatever comes in whatever pieces, the newest so many are known, in order', () => {
  const requests = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 });
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
  fc.assert(
    fc.property(requests, sizes, fc.integer({ min: 1, max: 30 }), (seconds, sizes, most) => {
      const known = new KnownRequests(most);
      const rest = [...seconds];
      for (let n = 0; rest.length > 0; n++) {
        const requests = rest.splice(0, sizes[n % sizes.length]).map((second) => row(String(second)));
        known.take({ last: n + 1, requests }, n);
      }
      const newest = [...seconds].sort((a, b) => b - a).slice(0, most).map(String);
      assert.deepEqual(ids(known), newest);
    }),
  );
});
