/** An account at OpenAI, or at one of the many servers that speak its API: Ollama, LM Studio, LiteLLM, OpenRouter, Groq … */
import OpenAI from 'openai';
import type { ModelClient } from '../../core/client.ts';
import { type CloudAccount, describeModels, readAccount, type Vendor } from '../../core/cloud-account.ts';
import { LlmError } from '../../core/errors.ts';
import type { HttpResponse } from '../../core/http.ts';
import type { JsonObject } from '../../core/json.ts';
import { type SdkContext, SdkTransport } from '../../core/sdk-transport.ts';
import { EmbeddingsClient } from '../../formats/embeddings/client.ts';
import { readModelNames } from '../../formats/openai/models.ts';
import type { Connection, ConnectionFields } from '../../runtime/connection.ts';

const vendor: Vendor = {
  id: 'openai',
  label: 'OpenAI',
  url: 'https://api.openai.com/v1',
  domain: 'openai.com',
  keyVariable: 'OPENAI_API_KEY',
};

export type MaxTokensField = 'max_tokens' | 'max_completion_tokens';

/** What this server's answers have taught us. Kept as long as the account lives. */
export interface Learned {
  streamOptionsRefused: boolean;
  readonly maxTokensFields: Map<string, MaxTokensField>;
}

export class OpenAiAccount implements Connection {
  readonly learned: Learned = { streamOptionsRefused: false, maxTokensFields: new Map() };
  readonly #account: CloudAccount;
  readonly #transport: SdkTransport;
  readonly #client: OpenAI;

  /** @throws LlmError or RangeError for fields that cannot work */
  constructor(fields: ConnectionFields) {
    this.#account = readAccount(vendor, fields);
    const { provider, key } = this.#account;
    this.#transport = new SdkTransport(provider);
    this.#client = new OpenAI({
      baseURL: provider.url,
      apiKey: key ?? 'none',
      adminAPIKey: null,
      organization: readHeader('organization', fields['organization']) ?? null,
      project: readHeader('project', fields['project']) ?? null,
      ...(!key && { defaultHeaders: { authorization: null } }),
    });
  }

  get provider() {
    return this.#account.provider;
  }

  get prices() {
    return this.#account.prices;
  }

  /** Whether this is OpenAI itself, in any region. */
  get official() {
    return this.#account.official;
  }

  get embeddings(): ModelClient {
    return new EmbeddingsClient(this.provider, (body, context, request) => this.post('/embeddings', body, { ...context, request }));
  }

  async test(signal: AbortSignal): Promise<string> {
    return describeModels(this.provider, await this.models(signal));
  }

  async models(signal: AbortSignal): Promise<string[]> {
    const built = this.#client.buildRequest({ method: 'get', path: '/models' });
    return readModelNames(await this.#transport.getJson(built, { signal }).catch((error: unknown) => this.#rethrow(error)));
  }

  /** Resolves with a successful answer's head. @throws LlmError for every other */
  post(path: string, body: JsonObject, context: SdkContext): Promise<HttpResponse> {
    const built = this.#client.buildRequest({ method: 'post', path, body });
    return this.#transport.send(built, context).catch((error: unknown) => this.#rethrow(error));
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  /** The commonest mistake with other servers is an address without its last part. */
  #rethrow(error: unknown): never {
    const { url } = this.provider;
    if (error instanceof LlmError && error.kind === 'not_found' && new URL(url).pathname === '/') {
      throw error.with({ hint: `Check the address: most servers want /v1 at its end, as in ${url}/v1. Else check the model’s name.` });
    }
    throw error;
  }
}

/** @throws RangeError for text that no header can carry */
function readHeader(name: string, given: unknown): string | undefined {
  const text = typeof given === 'string' ? given.trim() : '';
  if (!/^[\x21-\x7e]*$/.test(text)) throw new RangeError(`The ${name} holds a blank or another character that no id has.`);
  return text || undefined;
}
