/**
 * A vLLM server: its health, its models. Read in vLLM's `entrypoints/openai`, and in `entrypoints/api_server.py`: the legacy server,
 * which has nothing but `/generate` and, since pull request 1540, `/health`.
 */
import { isLlmError, LlmError } from '../../core/errors.ts';
import type { HealthState } from '../../core/events.ts';
import { isRecord } from '../../core/json.ts';
import type { ModelServer } from '../../core/model-server.ts';
import type { ConnectionFields, ConnectionOwner } from '../../runtime/connection.ts';
import { LocalServer, type LocalServerKind } from '../../runtime/local-server.ts';
import { vllmCommand } from './command.ts';

const vllm: LocalServerKind = {
  id: 'vllm',
  label: 'vLLM',
  urlVariable: 'VLLM_URL',
  defaultUrl: 'http://localhost:8000',
  program: 'vllm serve',
  command: vllmCommand,
  checkHealth,
};

export class VllmServer extends LocalServer {
  /** @throws LlmError or RangeError for fields that cannot work */
  constructor(fields: ConnectionFields, owner: ConnectionOwner) {
    super(vllm, fields, owner);
  }

  protected async ask(signal: AbortSignal): Promise<string> {
    await this.checkHealth(signal);
    const list = await orUndefined(this.http.getJson('/v1/models', { signal }), 404);
    if (list !== undefined) return `vLLM is ready: ${describeModels(list)}.`;
    if (await isLegacy(this.http, signal)) {
      return 'vLLM is ready: its legacy api_server, which has only /health and /generate. Choose the generate API in the node.';
    }
    throw new LlmError('not_found', `What answers at ${this.provider.url} is no vLLM server.`, { hint: 'Check the address.' });
  }

  /** The legacy server names none. */
  override async models(signal: AbortSignal): Promise<string[]> {
    return (await orUndefined(super.models(signal), 404)) ?? [];
  }
}

/** vLLM listens once its model is loaded; a 503 means that its engine has died. @throws LlmError where it is down */
async function checkHealth(http: ModelServer, signal: AbortSignal): Promise<HealthState> {
  try {
    await http.getJson('/health', { signal });
    return 'ready';
  } catch (error) {
    if (!isLlmError(error)) throw error;
    if (error.status === 404 && (await isLegacy(http, signal))) return 'ready';
    if (error.status === 503) throw notHealthy(http);
    throw error;
  }
}

function notHealthy({ provider }: ModelServer): LlmError {
  return new LlmError('unavailable', 'vLLM answers, but says that it is not healthy (503).', {
    status: 503,
    provider: provider.id,
    hint: `Its engine has died or is not started yet: look into the log of vLLM at ${provider.url}, and start it again.`,
  });
}

/** Its `/generate` takes POST alone: FastAPI answers a GET with 405, and with 404 where there is no such path. */
async function isLegacy(http: ModelServer, signal: AbortSignal): Promise<boolean> {
  try {
    await http.getJson('/generate', { signal });
  } catch (error) {
    if (isLlmError(error)) return error.status === 405;
    throw error;
  }
  return false;
}

/** Undefined where the server answers with this status. */
async function orUndefined<T>(answer: Promise<T>, status: number): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isLlmError(error) && error.status === status) return undefined;
    throw error;
  }
}

function describeModels(list: unknown): string {
  const data = isRecord(list) && Array.isArray(list['data']) ? list['data'].filter(isRecord) : [];
  const [first] = data;
  if (!first) return 'it lists no model';
  const tokens = first['max_model_len'];
  const context = typeof tokens === 'number' ? `, ${tokens} tokens of context` : '';
  const more = data.length > 1 ? ` (and ${data.length - 1} more)` : '';
  return `model ${String(first['id'])}${more}${context}`;
}
