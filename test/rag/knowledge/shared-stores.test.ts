/** Stores by their place. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leaseStore } from '../../../nodes/rag/knowledge/shared-stores.ts';
import { testFolder } from '../../support/folder.ts';

const place = (t: TestContext) => ({ kind: 'embedded', path: join(testFolder(t).path, 'k.sqlite'), language: 'en' }) as const;
const closed = { kind: 'cancelled' };

test('one place has one store, which is closed when the last one lets go, and opened anew for the next', async (t) => {
  const options = place(t);
  const [first, second] = [leaseStore(options), leaseStore({ ...options })];
  assert.equal(first.store, second.store);
  await first.release();
  assert.equal((await second.store.facts()).documents, 0);
  await second.release();
  await assert.rejects(second.store.facts(), closed);
  const next = leaseStore(options);
  assert.equal((await next.store.facts()).documents, 0);
  await next.release();
});

test('two places have two stores', async (t) => {
  const [one, other] = [leaseStore(place(t)), leaseStore(place(t))];
  assert.notEqual(one.store, other.store);
  await one.release();
  await other.release();
});

test('a place that is in use is not opened in another language, until it is free', async (t) => {
  const options = place(t);
  const used = leaseStore(options);
  const other = { ...options, language: 'de' } as const;
  assert.throws(() => leaseStore(other), { kind: 'misconfigured', message: /in another language\. Give this one another collection/ });
  await used.release();
  await leaseStore(other).release();
});

test('databases differ by their collections', async () => {
  const options = { kind: 'postgres', url: 'postgres://nobody@127.0.0.1:1/none', collection: 'a', language: 'en' } as const;
  const [one, same, other] = [leaseStore(options), leaseStore(options), leaseStore({ ...options, collection: 'b' })];
  assert.equal(one.store, same.store);
  assert.notEqual(one.store, other.store);
  for (const lease of [one, same, other]) await lease.release();
});
