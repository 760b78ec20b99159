/** A llama.cpp server: its health, its properties, its models. Read in its tools/server/README.md and recorded from build b9561. */
import { bus, type HealthState } from '../../core/events.ts';
import { LlmError } from '../../core/errors.ts';
import { readModelNames } from '../../core/openai-body.ts';
import { HealthMonitor } from '../../core/health.ts';
import { ModelServer } from '../../core/model-server.ts';
import { readNumber } from '../../core/fields.ts';
import { type PriceSource, readPriceTable } from '../../core/pricing.ts';
import { isRecord } from '../../core/request.ts';
import type { Connection, ConnectionFields, ConnectionOwner } from '../../runtime/connection.ts';

/** What `/props` says of a server. */
export interface LlamaCppProperties {
  model: string;
  /** How many requests it answers at once. */
  slots: number;
  /** Tokens that one slot holds. */
  contextTokens: number;
}

export class LlamaCppServer implements Connection {
  readonly http: ModelServer;
  readonly prices: PriceSource;
  readonly health: HealthMonitor | undefined;

  /** @throws LlmError or RangeError for fields that cannot work */
  constructor(fields: ConnectionFields, owner: ConnectionOwner) {
    const url = String(fields['url'] || process.env['LLAMA_CPP_URL'] || 'http://localhost:8080');
    const provider = { id: 'llamacpp', label: 'llama.cpp', url, startHint: `Start llama-server, or look at ${url}/health.` };
    this.http = new ModelServer(provider, fields.apiKey);
    this.prices = { table: readPriceTable(fields['prices'] as string | undefined), otherwise: { input: 0, output: 0 } };
    const intervalMs = readNumber('healthIntervalMs', fields['healthIntervalMs'], { min: 0, max: 3_600_000 }) ?? 15_000;
    if (!owner.lasting) return;
    const connection = { id: owner.id, name: owner.name, type: owner.type };
    this.health = new HealthMonitor({
      intervalMs,
      check: (signal) => this.#checkHealth(signal),
      onChange: (state) => bus.emit('health', { connection, provider: provider.id, state }),
    });
  }

  get provider() {
    return this.http.provider;
  }

  async test(signal: AbortSignal): Promise<string> {
    const state = await this.#checkHealth(signal);
    if (state === 'loading') return 'llama.cpp is there and still loads its model. Try again in a moment.';
    const { model, slots, contextTokens } = await this.properties(signal);
    return `llama.cpp is ready: model ${model}, ${slots} slots, ${contextTokens} tokens of context each.`;
  }

  async models(signal: AbortSignal): Promise<string[]> {
    return readModelNames(await this.http.getJson('/v1/models', { signal }));
  }

  async properties(signal: AbortSignal): Promise<LlamaCppProperties> {
    const props = await this.http.getJson('/props', { signal });
    if (!isRecord(props) || typeof props['total_slots'] !== 'number') {
      throw new LlmError('not_found', `What answers at ${this.provider.url} is no llama.cpp server.`, { hint: 'Check the address.' });
    }
    const settings = isRecord(props['default_generation_settings']) ? props['default_generation_settings'] : {};
    const path = typeof props['model_path'] === 'string' ? props['model_path'] : '';
    const alias = typeof props['model_alias'] === 'string' ? props['model_alias'] : '';
    return {
      model: alias || path.split(/[/\\]/).at(-1) || 'unknown',
      slots: props['total_slots'],
      contextTokens: typeof settings['n_ctx'] === 'number' ? settings['n_ctx'] : 0,
    };
  }

  close(): Promise<void> {
    return this.http.close();
  }

  /** Ready, also when all slots are busy; loading as long as the server says so. @throws LlmError where it is down */
  async #checkHealth(signal: AbortSignal): Promise<HealthState> {
    try {
      await this.http.getJson('/health', { signal });
      return 'ready';
    } catch (error) {
      if (error instanceof LlmError && error.status === 503) return 'loading';
      throw error;
    }
  }
}
