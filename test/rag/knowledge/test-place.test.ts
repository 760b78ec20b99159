import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { testPlace } from '../../../nodes/rag/knowledge/test-place.ts';
import { openStore, type StoreOptions } from '../../../nodes/rag/store/open.ts';
import type { Store } from '../../../nodes/rag/store/store.ts';
import type { Language } from '../../../nodes/rag/text/languages.ts';
import { testFolder } from '../../support/folder.ts';
import { startPostgres } from '../../support/postgres.ts';
import { document, passage } from '../store/places.ts';

const nothing = 'It is new, and holds nothing yet.';

function opened(t: TestContext, place: StoreOptions): Store {
  const store = openStore(place);
  t.after(() => store.close());
  return store;
}

test('a file that is not there is told and not made', async (t) => {
  const path = testFolder(t).at('store.sqlite');
  assert.equal(await testPlace({ kind: 'embedded', path }), nothing);
  assert.ok(!existsSync(path));
});

test('a look at a file in another language leaves it in its own, under those who use it', async (t) => {
  const place = { kind: 'embedded', path: testFolder(t).at('store.sqlite'), language: 'en' } as const;
  const store = opened(t, place);
  await store.put(document('a'), [passage('the whales were running')]);
  assert.match(await testPlace({ ...place, language: 'none' }), /^It holds 1 document in 1 passage, no vectors, and takes \d+ KiB\.$/);
  assert.equal((await store.searchWords('run', { limit: 1 })).length, 1);
});

test('a look into a database makes no tables there: another language may still be chosen', async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const placeIn = (language: Language) => ({ kind: 'postgres', url: postgres.url, collection: 'books', language, poolSize: 1 }) as const;
  assert.equal(await testPlace(placeIn('en')), nothing);
  const store = opened(t, placeIn('de'));
  await store.put(document('a'), [passage('Die Wale schwammen')], { model: 'm', vectors: [Float32Array.of(1, 0)] });
  assert.match(await testPlace(placeIn('en')), /^It holds 1 document in 1 passage, vectors of m with 2 numbers, and takes \d+ KiB\.$/);
  await store.close();
});

test('what cannot be looked at says why', async () => {
  await assert.rejects(testPlace({ kind: 'postgres', url: 'postgres://127.0.0.1:1/none', collection: 'books' }), /The database at 127\.0\.0\.1:1 cannot be reached/);
});
