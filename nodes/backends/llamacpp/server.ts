/** A llama.cpp server: its health, its properties, its models. Read in its tools/server/README.md and recorded from build b9561. */
import { isLlmError, LlmError } from '../../core/errors.ts';
import type { HealthState } from '../../core/events.ts';
import { isRecord } from '../../core/json.ts';
import type { ModelServer } from '../../core/model-server.ts';
import type { ConnectionFields, ConnectionOwner } from '../../runtime/connection.ts';
import { LocalServer, type LocalServerKind } from '../../runtime/local-server.ts';
import { llamaServerCommand } from './command.ts';

/** What `/props` says of a server. */
export interface LlamaCppProperties {
  model: string;
  /** How many requests it answers at once. */
  slots: number;
  /** Tokens that one slot holds. */
  contextTokens: number;
}

const llamaCpp: LocalServerKind = {
  id: 'llamacpp',
  label: 'llama.cpp',
  urlVariable: 'LLAMA_CPP_URL',
  defaultUrl: 'http://localhost:8080',
  program: 'llama-server',
  command: llamaServerCommand,
  checkHealth,
};

export class LlamaCppServer extends LocalServer {
  /** @throws LlmError or RangeError for fields that cannot work */
  constructor(fields: ConnectionFields, owner: ConnectionOwner) {
    super(llamaCpp, fields, owner);
  }

  protected async ask(signal: AbortSignal): Promise<string> {
    const state = await this.checkHealth(signal);
    if (state === 'loading') return 'llama.cpp is there and still loads its model. Try again in a moment.';
    const { model, slots, contextTokens } = await this.properties(signal);
    const room = slots === 1 ? `1 slot, ${contextTokens} tokens of context` : `${slots} slots, ${contextTokens} tokens of context each`;
    return `llama.cpp is ready: model ${model}, ${room}.`;
  }

  async properties(signal: AbortSignal): Promise<LlamaCppProperties> {
    const props = await this.http.getJson('/props', { signal });
    if (!isRecord(props) || typeof props['total_slots'] !== 'number') {
      throw new LlmError('not_found', `What answers at ${this.provider.url} is no llama.cpp server.`, { hint: 'Check the address.' });
    }
    const settings = isRecord(props['default_generation_settings']) ? props['default_generation_settings'] : {};
    return {
      model: readModel(props['model_alias'], props['model_path']),
      slots: props['total_slots'],
      contextTokens: typeof settings['n_ctx'] === 'number' ? settings['n_ctx'] : 0,
    };
  }
}

/** Ready, also when all slots are busy; loading as long as the server says so. @throws LlmError where it is down */
async function checkHealth(http: ModelServer, signal: AbortSignal): Promise<HealthState> {
  try {
    await http.getJson('/health', { signal });
    return 'ready';
  } catch (error) {
    if (isLlmError(error) && error.status === 503) return 'loading';
    throw error;
  }
}

/** The alias that the user chose, else the file's name: newer builds give the whole path as the alias where none was chosen. */
function readModel(alias: unknown, path: unknown): string {
  if (typeof alias === 'string' && alias !== '' && alias !== path) return alias;
  return (typeof path === 'string' && path.split(/[/\\]/).at(-1)) || 'unknown';
}
