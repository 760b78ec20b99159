import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Span } from '../../../nodes/insight/sidebar/api.ts';
import { layOut, spanMs } from '../../../nodes/insight/sidebar/view/waterfall.ts';

function span(kind: Span['kind'], name: string, startMs: number, endMs: number | undefined, children: Span[] = [], more: Partial<Span> = {}): Span {
  return { id: `${kind} ${name} ${startMs}`, kind, name, startMs, ...(endMs !== undefined && { endMs }), outcome: 'ok', children, ...more };
}

test('Spans become rows, nested and in the order in which they began', () => {
  const root = span('stage', 'fallback', 0, 400, [
    span('branch', 'second', 200, 400, [span('backend', 'B', 200, 400, [span('attempt', '1', 200, 300), span('attempt', '2', 320, 400), span('backoff', '', 300, 320)])]),
    span('branch', 'first', 0, 200, [span('backend', 'A', 0, 200, [span('queue', '', 0, 50), span('attempt', '1', 50, 200)])]),
  ]);
  const { totalMs, rows } = layOut({ root, ms: 400 });
  assert.equal(totalMs, 400);
  assert.deepEqual(
    rows.map(({ depth, span, bar }) => [depth, span.kind, span.name, bar.left, bar.width]),
    [
      [0, 'stage', 'fallback', 0, 100],
      [1, 'branch', 'first', 0, 50],
      [2, 'backend', 'A', 0, 50],
      [1, 'branch', 'second', 50, 50],
      [2, 'backend', 'B', 50, 50],
      [3, 'attempt', '1', 50, 25],
      [3, 'attempt', '2', 80, 20],
    ],
  );
});

test('Waits are parts of the bar of what waits', () => {
  const root = span('backend', 'B', 0, 200, [span('queue', '', 0, 20), span('attempt', '1', 20, 100), span('backoff', '', 100, 150), span('attempt', '2', 150, 200)]);
  assert.deepEqual(layOut({ root, ms: 200 }).rows[0]?.waits, [
    { kind: 'queue', left: 0, width: 10, ms: 20 },
    { kind: 'backoff', left: 50, width: 25, ms: 50 },
  ]);
});

test('A backend that was tried once is one row that says all its attempt says', () => {
  const usage = { inputTokens: 1, outputTokens: 2, estimated: false };
  const root = span('backend', 'B', 0, 100, [span('queue', '', 0, 20), span('attempt', '1', 20, 100, [], { usage, model: 'm', firstTokenMs: 50 })]);
  const [row, ...others] = layOut({ root, ms: 100 }).rows;
  assert.deepEqual([others.length, row?.span.name, row?.span.usage, row?.span.model, row?.firstToken, row?.waits.length], [0, 'B', usage, 'm', 50, 1]);
});

test('What runs goes on to the end of what is known', () => {
  const root = span('stage', 's', 0, undefined, [span('backend', 'B', 40, undefined)]);
  assert.deepEqual(layOut({ root, ms: 80 }).rows.map(({ bar }) => bar), [{ left: 0, width: 100 }, { left: 50, width: 50 }]);
  assert.equal(spanMs(root.children[0] as Span, 80), 40);
  assert.deepEqual(layOut({ root: span('stage', 's', 0, undefined) }).rows[0]?.bar, { left: 0, width: 100 }, 'also where nothing is known');
});

test('The times below are round', () => {
  const ticks = (ms: number) => layOut({ root: span('stage', 's', 0, ms), ms }).ticks.map(({ ms }) => ms);
  assert.deepEqual(ticks(400), [0, 100, 200, 300, 400]);
  assert.deepEqual(ticks(1_000), [0, 500, 1_000]);
  assert.deepEqual(ticks(2_942), [0, 1_000, 2_000]);
  assert.deepEqual(ticks(75_000), [0, 20_000, 40_000, 60_000]);
});

const time = fc.integer({ min: -5, max: 5_000 });
const { tree } = fc.letrec<{ tree: Span }>((tie) => ({
  tree: fc.record({
    id: fc.uuid(),
    kind: fc.constantFrom('stage', 'branch', 'backend', 'attempt', 'queue', 'backoff'),
    name: fc.string(),
    startMs: time,
    endMs: time,
    firstTokenMs: time,
    outcome: fc.constantFrom('running', 'ok', 'failed', 'cancelled'),
    children: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant([]), fc.array(tie('tree'), { maxLength: 4 })),
  }, { requiredKeys: ['id', 'kind', 'name', 'startMs', 'outcome', 'children'] }),
}));

test('Whatever the spans are: every bar is within the width, rows follow their parents, and nothing is left out', () => {
  fc.assert(
    fc.property(tree, fc.option(time, { nil: undefined }), (root, ms) => {
      const { rows, ticks, totalMs } = layOut({ root, ...(ms !== undefined && { ms }) });
      assert.ok(ticks.length >= 2 && ticks.length <= 6, `${ticks.length} ticks for ${totalMs}`);
      for (const { bar, waits, firstToken = 0 } of rows) {
        for (const { left, width } of [bar, ...waits]) assert.ok(left >= 0 && width >= 0 && left + width <= 100.000001);
        assert.ok(firstToken >= 0 && firstToken <= 100);
      }
      assert.equal(rows[0]?.depth, 0);
      rows.slice(1).forEach(({ depth }, index) => assert.ok(depth >= 1 && depth <= (rows[index]?.depth ?? 0) + 1));
      const shown = rows.length + rows.reduce((sum, { waits }) => sum + waits.length, 0);
      assert.ok(shown <= spansIn(root) && shown >= spansIn(root) - backendsIn(root));
    }),
  );
});

function spansIn(span: Span): number {
  return span.children.reduce((sum, child) => sum + spansIn(child), 1);
}

function backendsIn(span: Span): number {
  return span.children.reduce((sum, child) => sum + backendsIn(child), span.kind === 'backend' ? 1 : 0);
}
