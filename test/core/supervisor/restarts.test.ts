import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { restartDefaults, Restarts } from '../../../nodes/core/supervisor/restarts.ts';

test('whatever the runs are like: the waits are within their bounds, and the crashes in a row within theirs', () => {
  const options = { ...restartDefaults, maxRestarts: 4 };
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1_000, options.goodRunMs), { maxLength: 30 }), (runs) => {
      const restarts = new Restarts();
      let inARow = 0;
      for (const readyForMs of runs) {
        if (readyForMs >= options.goodRunMs) inARow = 0;
        const delayMs = restarts.next(readyForMs, options);
        assert.equal(delayMs === undefined, ++inARow > 4);
        if (delayMs === undefined) return;
        assert.ok(delayMs >= options.firstDelayMs / 2 && delayMs <= options.maxDelayMs, String(delayMs));
        assert.equal(restarts.count, inARow);
      }
    }),
  );
});

test('the waits grow', () => {
  const sum = (delays: number[]) => delays.reduce((total, delay) => total + delay, 0);
  const rows = Array.from({ length: 50 }, () => {
    const restarts = new Restarts();
    return Array.from({ length: 5 }, () => restarts.next(0, restartDefaults) ?? 0);
  });
  assert.ok(sum(rows.map((row) => row[4] ?? 0)) > 3 * sum(rows.map((row) => row[0] ?? 0)));
});

test('none means none', () => {
  assert.equal(new Restarts().next(1e9, { ...restartDefaults, maxRestarts: 0 }), undefined);
});
