import { after, before, type TestContext } from 'node:test';
import { PostgresStore } from '../../../../nodes/rag/store/postgres/postgres-store.ts';
import { startPostgres, type TestPostgres } from '../../../support/postgres.ts';
import { declareContract } from '../contract.ts';
import type { Place } from '../places.ts';

let postgres: TestPostgres;
let places = 0;
before(async () => (postgres = await startPostgres()));
after(() => postgres.stop());

function newPlace(t: TestContext): Place {
  const collection = `place_${places++}`;
  const stores: PostgresStore[] = [];
  t.after(() => Promise.all(stores.map((store) => store.close())));
  return {
    open(language) {
      const store = new PostgresStore({ url: postgres.url, collection, language, poolSize: 2 });
      stores.push(store);
      return store;
    },
  };
}

declareContract(newPlace);
