/** What an account is made of: an address, a key, prices. The same for every vendor whose API others speak too. */
import { isPrivate, isWithin } from './addresses.ts';
import { LlmError } from './errors.ts';
import { readKey, readUrl } from './model-server.ts';
import { readPriceTable } from './price-table.ts';
import type { PriceSource } from './pricing.ts';
import type { Provider } from './provider.ts';

/** Whose API it is. */
export interface Vendor {
  /** Stands in completions, and in the price table. */
  readonly id: string;
  readonly label: string;
  readonly url: string;
  /** All that lies below this domain is the vendor itself. */
  readonly domain: string;
  readonly keyVariable: string;
}

export interface CloudAccount {
  readonly provider: Provider;
  /** Whether this is the vendor itself, not another who speaks its API. */
  readonly official: boolean;
  readonly key: string | undefined;
  readonly prices: PriceSource;
}

export interface AccountFields {
  readonly baseUrl?: unknown;
  readonly prices?: unknown;
  readonly apiKey?: string | undefined;
}

/**
 * Reads what the user has typed. A key from the environment is the vendor's own and goes nowhere else; other servers may
 * do without one.
 * @throws LlmError or RangeError for fields that cannot work, `auth` where the vendor's key is missing
 */
export function readAccount({ id, label, url: vendorUrl, domain, keyVariable }: Vendor, { baseUrl, prices, apiKey }: AccountFields): CloudAccount {
  const url = readUrl(String(baseUrl || vendorUrl));
  const official = isWithin(url, domain);
  const key = readKey(apiKey) ?? (official ? readKey(process.env[keyVariable]) : undefined);
  if (!key && official) {
    throw new LlmError('auth', `${label} wants an API key, and there is none.`, {
      provider: id,
      hint: `Put one into the account, or into ${keyVariable} in the environment.`,
    });
  }
  const named = official ? { label, keyVariable } : { label: new URL(url).host };
  const provider = { id, url, ...named, ...(key && { holdsKey: (text: string) => text.includes(key) }) };
  return { provider, official, key, prices: { table: readPriceTable(prices as string | undefined), ...knownPrices(id, url, official) } };
}

/** Nobody bills for a server of one's own. */
function knownPrices(providerId: string, url: string, official: boolean): Omit<PriceSource, 'table'> {
  if (official) return { known: { providerId } };
  return isPrivate(url) ? { otherwise: { input: 0, output: 0 } } : { known: { providerApiUrl: url } };
}

/** What the test of an account says. */
export function describeModels({ label }: Provider, { length }: readonly string[]): string {
  return `${label} answers: ${length} ${length === 1 ? 'model' : 'models'}.`;
}
