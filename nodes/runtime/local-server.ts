/** A model server of one's own: what llama.cpp and vLLM have in common on the side of the config node. */
import type { NodeAPI } from 'node-red';
import type { ModelClient } from '../core/client.ts';
import { isLlmError } from '../core/errors.ts';
import { bus, type HealthState } from '../core/events.ts';
import { readNumber } from '../core/fields.ts';
import { HealthMonitor } from '../core/health.ts';
import { healthInterval } from '../core/limits.ts';
import { ModelServer, readUrl } from '../core/model-server.ts';
import { readPriceTable } from '../core/price-table.ts';
import type { PriceSource } from '../core/pricing.ts';
import type { Provider } from '../core/provider.ts';
import { readBounds, readGpus } from '../core/supervisor/bounds.ts';
import type { Command } from '../core/supervisor/command.ts';
import type { Address } from '../core/supervisor/listening.ts';
import { recordFileOf } from '../core/supervisor/orphans.ts';
import { supervisors } from '../core/supervisor/supervisors.ts';
import { embeddingsOf } from '../formats/embeddings/client.ts';
import { readModelNames } from '../formats/openai/models.ts';
import { checkCommand } from './check-command.ts';
import { type Connection, type ConnectionDefinition, type ConnectionFields, type ConnectionOwner, registerConnection } from './connection.ts';
import { readListenAddress, readRunSettings } from './run-settings.ts';
import { endOrphansWithFlows, type ServerHost } from './server-host.ts';
import { installServerRoutes } from './server-routes.ts';
import { onRun, Supervision } from './supervision.ts';

export interface LocalServerKind {
  /** Stands in completions, events and failures. */
  readonly id: string;
  /** What people call it. */
  readonly label: string;
  /** The environment variable that holds the address where the node has none. */
  readonly urlVariable: string;
  readonly defaultUrl: string;
  /** What a person types to start it. */
  readonly program: string;
  /** What to run where Node-RED starts it. @throws RangeError for a field that cannot be an argument */
  command(fields: ConnectionFields, address: Address): Command;
  /** Whether it answers requests now; a failure means that it is down. @throws LlmError */
  checkHealth(http: ModelServer, signal: AbortSignal): Promise<HealthState>;
}

/** Registers its config node, and what the editor asks of a server that is run here. */
export function registerLocalServer<C extends LocalServer>(RED: NodeAPI, definition: ConnectionDefinition<C>): void {
  registerConnection(RED, { ...definition, texts: ['environment'] });
  installServerRoutes(RED);
  endOrphansWithFlows(RED);
}

export abstract class LocalServer implements Connection {
  readonly http: ModelServer;
  readonly prices: PriceSource;
  readonly health: HealthMonitor | undefined;
  readonly run: Supervision | undefined;
  readonly #kind: LocalServerKind;
  readonly #fields: ConnectionFields;

  /** @throws LlmError or RangeError for fields that cannot work */
  constructor(kind: LocalServerKind, fields: ConnectionFields, owner: ConnectionOwner) {
    this.#kind = kind;
    this.#fields = fields;
    const url = readServerUrl(fields['url'] || process.env[kind.urlVariable] || kind.defaultUrl);
    const { id, label, program } = kind;
    const startHint = isRunHere(fields) ? 'It is started by Node-RED: look at its state and log in the dialog of the server.' : `Start ${program}, or look at ${url}/health.`;
    this.http = new ModelServer({ id, label, url, startHint }, fields.apiKey);
    // Who runs a model at home pays for it with power, not by the token.
    this.prices = { table: readPriceTable(fields['prices'] as string | undefined), otherwise: { input: 0, output: 0 } };
    const intervalMs = readNumber('healthIntervalMs', fields['healthIntervalMs'], healthInterval) ?? healthInterval.value;
    if (owner.host) this.run = this.#superviseBy(owner.host);
    if (owner.lasting) this.health = this.#watchHealth(intervalMs, owner);
  }

  get provider(): Provider {
    return this.http.provider;
  }

  get embeddings(): ModelClient {
    return onRun(embeddingsOf(this.http), this.run);
  }

  async test(signal: AbortSignal): Promise<string> {
    if (!isRunHere(this.#fields)) return this.ask(signal);
    const program = await checkCommand(this.#command());
    // Before the first deploy nothing listens yet.
    return this.ask(signal).catch((error: unknown) => {
      if (isLlmError(error) && error.kind === 'unavailable' && error.status === undefined) return `${program} is there. The server is not running: it is started by a deploy or by the first request.`;
      throw error;
    });
  }

  /** One sentence about what answers there. @throws LlmError */
  protected abstract ask(signal: AbortSignal): Promise<string>;

  async models(signal: AbortSignal): Promise<string[]> {
    return readModelNames(await this.http.getJson('/v1/models', { signal }));
  }

  /**
   * A llama-server that has more requests than threads for them (64 streams, say) lets the question wait until one has ended: what it
   * sends to others meanwhile is an answer, too.
   * @throws LlmError where it is down
   */
  async checkHealth(signal: AbortSignal): Promise<HealthState> {
    const asked = performance.now();
    try {
      return await this.#kind.checkHealth(this.http, signal);
    } catch (error) {
      if (signal.aborted && this.http.heardAt > asked) return 'ready';
      throw error;
    }
  }

  async close(isGone = false): Promise<void> {
    await this.run?.close(isGone);
    await this.http.close();
  }

  #command(): Command {
    const command = this.#kind.command(this.#fields, readListenAddress(this.provider.url));
    const { gpus } = this.#fields;
    // Whoever sets the variable itself knows better.
    return { ...command, env: { ...readGpus(gpus), ...command.env }, bounds: readBounds(this.#fields) };
  }

  #superviseBy(host: ServerHost): Supervision | undefined {
    if (!isRunHere(this.#fields)) {
      supervisors.dismiss(host.id);
      return undefined;
    }
    const address = readListenAddress(this.provider.url);
    const settings = readRunSettings(this.#fields);
    const { start: _, ...how } = settings;
    const recordFile = host.folder && recordFileOf(host.folder, address.port);
    const check = (signal: AbortSignal) => this.checkHealth(signal);
    return new Supervision({ provider: this.provider, command: this.#command(), address, recordFile, check, ...how }, settings, host);
  }

  #watchHealth(intervalMs: number, { id, name, type }: ConnectionOwner): HealthMonitor {
    const { run } = this;
    const monitor = new HealthMonitor({
      intervalMs,
      check: async (signal) => run?.health ?? this.checkHealth(signal),
      onChange: (state) => bus.emit('health', { connection: { id, name, type }, provider: this.#kind.id, state }),
    });
    run?.subscribe(() => monitor.report(run.health ?? 'ready'));
    return monitor;
  }
}

function isRunHere(fields: ConnectionFields): boolean {
  return fields['run'] === true;
}

/** The server's root: people copy addresses that end with OpenAI's `/v1`. @throws LlmError `misconfigured` */
function readServerUrl(url: unknown): string {
  return readUrl(String(url)).replace(/\/v1$/, '');
}
