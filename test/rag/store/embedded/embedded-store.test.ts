import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { EmbeddedStore } from '../../../../nodes/rag/store/embedded/embedded-store.ts';
import { declareContract } from '../contract.ts';
import type { Place } from '../places.ts';

async function newPlace(t: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'knowledge-'));
  const stores: EmbeddedStore[] = [];
  t.after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await rm(folder, { recursive: true });
  });
  return {
    open(language) {
      const store = new EmbeddedStore({ path: join(folder, 'new', 'store.db'), language });
      stores.push(store);
      return store;
    },
  };
}

declareContract(newPlace);
