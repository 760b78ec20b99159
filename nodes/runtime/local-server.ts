/** A model server of one's own: what llama.cpp and vLLM have in common on the side of the config node. */
import type { ModelClient } from '../core/client.ts';
import { bus, type HealthState } from '../core/events.ts';
import { readNumber } from '../core/fields.ts';
import { HealthMonitor } from '../core/health.ts';
import { healthInterval } from '../core/limits.ts';
import { ModelServer, readUrl } from '../core/model-server.ts';
import { readModelNames } from '../core/openai-body.ts';
import { type PriceSource, readPriceTable } from '../core/pricing.ts';
import type { Provider } from '../core/provider.ts';
import type { Connection, ConnectionFields, ConnectionOwner } from './connection.ts';

export interface LocalServerKind {
  /** Stands in completions, events and failures. */
  readonly id: string;
  /** What people call it. */
  readonly label: string;
  /** The environment variable that holds the address where the node has none. */
  readonly urlVariable: string;
  readonly defaultUrl: string;
  /** What a person types to start it. */
  readonly command: string;
  /** Whether it answers requests now; a failure means that it is down. @throws LlmError */
  checkHealth(http: ModelServer, signal: AbortSignal): Promise<HealthState>;
}

export abstract class LocalServer implements Connection {
  readonly http: ModelServer;
  readonly prices: PriceSource;
  readonly health: HealthMonitor | undefined;
  readonly #kind: LocalServerKind;

  /** @throws LlmError or RangeError for fields that cannot work */
  constructor(kind: LocalServerKind, fields: ConnectionFields, owner: ConnectionOwner) {
    this.#kind = kind;
    const url = readServerUrl(fields['url'] || process.env[kind.urlVariable] || kind.defaultUrl);
    const { id, label, command } = kind;
    this.http = new ModelServer({ id, label, url, startHint: `Start ${command}, or look at ${url}/health.` }, fields.apiKey);
    // Who runs a model at home pays for it with power, not by the token.
    this.prices = { table: readPriceTable(fields['prices'] as string | undefined), otherwise: { input: 0, output: 0 } };
    const intervalMs = readNumber('healthIntervalMs', fields['healthIntervalMs'], healthInterval) ?? healthInterval.value;
    if (owner.lasting) this.health = this.#watchHealth(intervalMs, owner);
  }

  get provider(): Provider {
    return this.http.provider;
  }

  get embeddings(): ModelClient {
    return this.http.embeddings;
  }

  abstract test(signal: AbortSignal): Promise<string>;

  async models(signal: AbortSignal): Promise<string[]> {
    return readModelNames(await this.http.getJson('/v1/models', { signal }));
  }

  /** @throws LlmError where it is down */
  checkHealth(signal: AbortSignal): Promise<HealthState> {
    return this.#kind.checkHealth(this.http, signal);
  }

  close(): Promise<void> {
    return this.http.close();
  }

  #watchHealth(intervalMs: number, { id, name, type }: ConnectionOwner): HealthMonitor {
    return new HealthMonitor({
      intervalMs,
      check: (signal) => this.checkHealth(signal),
      onChange: (state) => bus.emit('health', { connection: { id, name, type }, provider: this.#kind.id, state }),
    });
  }
}

/** The server's root: people copy addresses that end with OpenAI's `/v1`. @throws LlmError `invalid_request` */
function readServerUrl(url: unknown): string {
  return readUrl(String(url)).replace(/\/v1$/, '');
}
