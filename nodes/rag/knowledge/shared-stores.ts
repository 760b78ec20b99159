/** The stores that are open, one for each place, however many nodes use it. */
import { LlmError } from '../../core/errors.ts';
import { openStore, type StoreOptions } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { keyOf } from './place.ts';

interface Shared {
  readonly store: Store;
  readonly language: StoreOptions['language'];
  users: number;
}

const open = new Map<string, Shared>();

export interface Lease {
  readonly store: Store;
  /** Resolves when the store is closed, or somebody else still uses it. */
  release(): Promise<void>;
}

/** @throws LlmError `misconfigured` for options that cannot be, or another language than that of those who use the place: it would analyze all texts anew under them */
export function leaseStore(options: StoreOptions): Lease {
  const key = keyOf(options);
  const { language } = options;
  const shared = open.get(key) ?? { store: openStore(options), language, users: 0 };
  if (shared.language !== language) {
    throw new LlmError('misconfigured', 'Another knowledge node has this collection in another language.', { hint: 'Give this one another collection, or the same language.' });
  }
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
