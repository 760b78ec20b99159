/** The one place that knows all kinds of stores. */
import { EmbeddedStore, type EmbeddedOptions } from './embedded/embedded-store.ts';
import { PostgresStore, type PostgresOptions } from './postgres/postgres-store.ts';
import type { Store } from './store.ts';

export type StoreOptions = ({ readonly kind: 'embedded' } & EmbeddedOptions) | ({ readonly kind: 'postgres' } & PostgresOptions);

/**
 * Nothing is opened before the first call, so that what cannot be reached fails calls, not the start.
 * @throws LlmError `misconfigured` for a collection that cannot be
 */
export function openStore(options: StoreOptions): Store {
  return options.kind === 'postgres' ? new PostgresStore(options) : new EmbeddedStore(options);
}
