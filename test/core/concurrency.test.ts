import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mapConcurrently } from '../../nodes/core/concurrency.ts';

const { signal } = new AbortController();

test('the results stand in the order of the items, and no more than the limit are under way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(), { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), async (scheduler, items, limit) => {
      let busy = 0;
      let most = 0;
      const results = mapConcurrently(items, { limit, signal }, async (item) => {
        most = Math.max(most, ++busy);
        await scheduler.schedule(Promise.resolve());
        busy--;
        return item * 2;
      });
      assert.deepEqual(await scheduler.waitFor(results), items.map((item) => item * 2));
      assert.equal(most, Math.min(limit, items.length));
    }),
  );
});

test('after a failure nothing begins, what is under way is told, and the whole fails when it has ended', async () => {
  const failure = new Error('The second fails.');
  const log: string[] = [];
  const whole = mapConcurrently([1, 2, 3, 4], { limit: 2, signal }, async (item, within) => {
    log.push(`${item} begins`);
    if (item === 2) throw failure;
    await new Promise<void>((resolve) => within.addEventListener('abort', () => resolve()));
    await Promise.resolve();
    log.push(`${item} ends`);
  });
  await assert.rejects(whole, failure);
  assert.deepEqual(log, ['1 begins', '2 begins', '1 ends']);
});

test('a signal ends it with its own reason', async () => {
  const gone = new Error('Gone.');
  await assert.rejects(mapConcurrently([1], { limit: 1, signal: AbortSignal.abort(gone) }, () => assert.fail('It began.')), gone);
  const controller = new AbortController();
  const begun: number[] = [];
  await assert.rejects(
    mapConcurrently([1, 2, 3], { limit: 1, signal: controller.signal }, async (item) => {
      begun.push(item);
      if (item === 2) controller.abort(gone);
    }),
    gone,
  );
  assert.deepEqual(begun, [1, 2]);
});
