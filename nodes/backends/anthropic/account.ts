/** An account at Anthropic, or at a server that speaks its Messages API. */
import Anthropic from '@anthropic-ai/sdk';
import { type CloudAccount, describeModels, readAccount, type Vendor } from '../../core/cloud-account.ts';
import { LlmError } from '../../core/errors.ts';
import type { HttpResponse } from '../../core/http.ts';
import type { JsonObject } from '../../core/json.ts';
import { type SdkContext, SdkTransport } from '../../core/sdk-transport.ts';
import { readModelNames } from '../../formats/openai/models.ts';
import type { Connection, ConnectionFields } from '../../runtime/connection.ts';

const vendor: Vendor = {
  id: 'anthropic',
  label: 'Anthropic',
  url: 'https://api.anthropic.com',
  domain: 'anthropic.com',
  keyVariable: 'ANTHROPIC_API_KEY',
};

const keyPrefix = 'sk-ant-';

/** What this server's answers have taught us. Kept as long as the account lives. */
export interface Learned {
  /** The models that decide for themselves how much they think. */
  readonly adaptiveModels: Set<string>;
}

export class AnthropicAccount implements Connection {
  readonly learned: Learned = { adaptiveModels: new Set() };
  readonly #account: CloudAccount;
  readonly #transport: SdkTransport;
  readonly #client: Anthropic;

  /** @throws LlmError or RangeError for fields that cannot work */
  constructor(fields: ConnectionFields) {
    this.#account = readAccount(vendor, fields);
    const { provider, key } = this.#account;
    this.#transport = new SdkTransport(provider);
    this.#client = new Anthropic({
      // The SDK's paths begin with /v1 themselves.
      baseURL: provider.url.replace(/\/v1$/, ''),
      // Without one the SDK would look for other credentials on the disk.
      apiKey: key ?? 'none',
      defaultHeaders: { 'x-stainless-timeout': null, ...keyHeaders(this.#account) },
    });
  }

  get provider() {
    return this.#account.provider;
  }

  get prices() {
    return this.#account.prices;
  }

  async test(signal: AbortSignal): Promise<string> {
    return describeModels(this.provider, await this.models(signal));
  }

  async models(signal: AbortSignal): Promise<string[]> {
    const built = this.#client.buildRequest({ method: 'get', path: '/v1/models', query: { limit: 1000 } });
    return readModelNames(await this.#transport.getJson(built, { signal }).catch((error: unknown) => this.#rethrow(error)));
  }

  /** Resolves with a successful answer's head. @throws LlmError for every other */
  post(body: JsonObject, headers: Record<string, string>, context: SdkContext): Promise<HttpResponse> {
    const built = this.#client.buildRequest({ method: 'post', path: '/v1/messages', body, headers });
    return this.#transport.send(built, context).catch((error: unknown) => this.#rethrow(error));
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #rethrow(error: unknown): never {
    const { official, key } = this.#account;
    if (error instanceof LlmError && error.kind === 'auth' && official && !key?.startsWith(keyPrefix)) {
      throw error.with({
        hint: `The key does not begin with ${keyPrefix}, as Anthropic’s keys do. Put one of those into the account, or into ${vendor.keyVariable}.`,
      });
    }
    throw error;
  }
}

/** Since version 2026-10-21 the key is a bearer token; other servers know it by the older name, or do without. */
function keyHeaders({ key, official }: CloudAccount): Record<string, string | null> {
  if (!key) return { authorization: null };
  return official ? {} : { 'x-api-key': key };
}
