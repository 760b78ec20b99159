/** The stores that are open, one for each place, however many nodes use it. */
import { openStore, type StoreOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { keyOf } from './place.ts';

interface Shared {
  readonly store: Store;
  users: number;
}

const open = new Map<string, Shared>();

export interface Lease {
  readonly store: Store;
  /** Resolves when the store is closed, or somebody else still uses it. */
  release(): Promise<void>;
}

/** @throws LlmError for options that cannot be */
export function leaseStore(options: StoreOptions): Lease {
  const key = keyOf(options);
  const shared = open.get(key) ?? { store: openStore(options), users: 0 };
  open.set(key, shared);
  shared.users++;
  return {
    store: shared.store,
    release: async () => {
      if (--shared.users > 0) return;
      open.delete(key);
      await shared.store.close();
    },
  };
}
