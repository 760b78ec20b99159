/** Where a store keeps what it holds: read from the fields of its node. */
import { join } from 'node:path';
import { LlmError } from '../../core/errors.ts';
import { readChoice } from '../../core/fields.ts';
import type { StoreOptions } from '../store/open.ts';
import { isLanguage, type Language } from '../text/languages.ts';
import { readCollection } from './collection.ts';

export interface PlaceFields {
  readonly store?: unknown;
  readonly collection?: unknown;
  readonly language?: unknown;
  /** postgres://user@host:5432/database */
  readonly url?: unknown;
  readonly password?: unknown;
}

/** @throws RangeError or LlmError for fields that cannot work */
export function readPlace({ store, collection, language, url, password }: PlaceFields, userDir: string): StoreOptions {
  const kind = readChoice('store', store, ['embedded', 'postgres']);
  const common = { collection: readCollection(collection), language: readLanguage(language) };
  if (kind === 'embedded') return { kind, path: join(userDir, 'llm-knowledge', `${common.collection}.sqlite`), language: common.language };
  return { kind, url: withPassword(url, password), ...common };
}

/** Two nodes of one place must share one store: each would else know only its own changes. */
export function keyOf(options: StoreOptions): string {
  return options.kind === 'embedded' ? options.path : JSON.stringify([options.url, options.collection]);
}

/** Where a password goes: the whole address, without the password. */
export function addressOf(options: StoreOptions): string {
  if (options.kind === 'embedded') return options.path;
  const url = new URL(options.url);
  url.password = '';
  return url.href;
}

/** Whether the password of the environment goes to an address that does not stand there. */
export function borrowsPassword({ store, url, password }: PlaceFields): boolean {
  const address = String(url ?? '').trim();
  return store === 'postgres' && address !== '' && !password && new URL(address).password === '' && Boolean(process.env['PGPASSWORD']);
}

function readLanguage(given: unknown): Language {
  if (given === undefined || given === '') return 'en';
  if (!isLanguage(given)) throw new RangeError('language must be none, or one such as en or de.');
  return given;
}

/** The password stands in the credentials, or in PGPASSWORD, as for every Postgres client. */
function withPassword(given: unknown, password: unknown): string {
  const text = String(given ?? '').trim() || process.env['DATABASE_URL'] || '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new LlmError('misconfigured', 'The address of the database is none.', { hint: 'It is something like postgres://user@localhost:5432/database.' });
  }
  const secret = (typeof password === 'string' && password) || process.env['PGPASSWORD'];
  if (secret && url.password === '') url.password = encodeURIComponent(secret);
  return url.href;
}
