/** The node of a backend: from a Node-RED message to a completion and back. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Backend } from '../core/backend.ts';
import { newRequestId } from '../core/backend-run.ts';
import { withCitations } from '../core/citations.ts';
import type { ModelClient } from '../core/client.ts';
import type { BackendIdentity, Completion, TokenSink } from '../core/completion.ts';
import { type FailureKind, type LlmError, toLlmError } from '../core/errors.ts';
import { type BreakerState, bus, type HealthState } from '../core/events.ts';
import { type LimitName, readLimits } from '../core/limits.ts';
import { costOf } from '../core/pricing.ts';
import { readRequest } from '../core/request.ts';
import { refuseUnset } from '../core/variables.ts';
import { askNode } from './ask-node.ts';
import type { LlmMessage } from './calls.ts';
import { configNode } from './config-node.ts';
import { asProblem, type Connection, type ConnectionNode } from './connection.ts';
import { InFlight } from './in-flight.ts';
import { announce, type Asked, type Asking, canvasIdOf, identityOf, type LlmNode, llmNodes } from './llm-nodes.ts';
import { registerNode } from './register.ts';
import { type Done, Reply, type Send } from './reply.ts';
import { NodeSettings, type SettingsConfig } from './settings.ts';
import { onRun } from './supervision.ts';
import { writesIntoNoValue } from './shared-messages.ts';
import { StatusLine, statusOf } from './status.ts';
import { TokenPort } from './token-port.ts';
import { isWired } from './wires.ts';

export interface BackendConfig extends NodeDef, SettingsConfig, Partial<Record<LimitName, unknown>> {
  /** Whether tokens leave by a second port as they come. */
  stream?: boolean;
  account?: string;
  server?: string;
}

export interface BackendDefinition<Config extends BackendConfig, C extends Connection> {
  readonly type: string;
  /** The property that names the config node, whose type is the backend's own with this word at its end; a backend without one opens its own connection. */
  readonly connection: 'account' | 'server' | (() => C);
  /** @throws LlmError or RangeError for settings that cannot work */
  client(config: Config, connection: C): ModelClient;
}

export function registerBackend<Config extends BackendConfig, C extends Connection>(RED: NodeAPI, definition: BackendDefinition<Config, C>): void {
  bus.reportTo((error) => RED.log.error(`A listener of the LLM events failed: ${String(error)}`));
  registerNode<Config>(RED, definition.type, (node, config) => new BackendNode(RED, node, config, definition));
}

/** What stands behind a node once its settings are found to be right. */
interface Parts<C extends Connection> {
  connection: C;
  settings: NodeSettings;
  backend: Backend;
}

class BackendNode<Config extends BackendConfig, C extends Connection> implements LlmNode {
  readonly identity: BackendIdentity;
  readonly canvasId: string | undefined;
  readonly kind = 'backend';
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #config: Config;
  readonly #status: StatusLine;
  readonly #inFlight: InFlight;
  readonly #definition: BackendDefinition<Config, C>;
  #parts: Parts<C> | undefined;
  #problem: LlmError | undefined;
  #unsubscribe: (() => void) | undefined;
  #release: (() => void) | undefined;
  readonly #leave: () => void;
  #written = 0;
  /** What had been written when the status was last shown. */
  #shown = { written: 0, at: performance.now() };
  #last: { ok: true; timing: Completion['timing'] } | { ok: false; kind: LlmError['kind'] } | undefined;

  constructor(RED: NodeAPI, node: Node, config: Config, definition: BackendDefinition<Config, C>) {
    this.#RED = RED;
    this.#node = node;
    this.identity = identityOf(node);
    this.canvasId = canvasIdOf(node);
    this.#config = config;
    this.#inFlight = new InFlight(RED);
    this.#status = new StatusLine(node, () => statusOf(this.#facts()));
    this.#definition = definition;
    this.#setUp();
    this.#leave = announce(this);
    this.#status.update();
    writesIntoNoValue(node);
    node.on('input', (msg, send, done) => {
      // Only Node-RED itself can fail there, and a stray rejection would end it.
      this.#receive(msg, send, done).catch((error: unknown) => RED.log.error(`${node.type} could not hand on a message: ${String(error)}`));
    });
    node.on('close', (done: () => void) => void this.#close().then(done));
  }

  /** Once when the node starts, and again with each message until it succeeds: a config node that comes back does not restart its users. */
  #setUp(): void {
    try {
      refuseUnset(this.#config);
      const { connection, retain } = this.#connect();
      this.#parts = this.#assemble(connection);
      this.#problem = undefined;
      const { health, run } = connection;
      const ends = [health, run].map((told) => told?.subscribe(() => this.#onServer()));
      this.#unsubscribe = () => ends.forEach((end) => end?.());
      this.#release = retain?.(this.#node);
    } catch (error) {
      this.#problem = asProblem(error);
    }
  }

  #onServer(): void {
    const { run } = this.#parts?.connection ?? {};
    // What failed while the server was not there is no matter once it is.
    if (run?.facts.state === 'ready' && this.#last?.ok === false) this.#last = undefined;
    this.#status.update();
  }

  #assemble(connection: C): Parts<C> {
    const definition = this.#definition;
    const settings = new NodeSettings(this.#RED, this.#node, this.#config);
    const backend = new Backend({
      identity: this.identity,
      client: onRun(definition.client(this.#config, connection), connection.run),
      limits: readLimits(this.#config),
      model: settings.model,
      cost: (usage, model) => costOf(usage, model, connection.prices),
      onBreaker: () => this.#status.update(),
    });
    return { connection, settings, backend };
  }

  /** The connection, and how to hold on to it. @throws LlmError */
  #connect(): { connection: C; retain?: ConnectionNode<C>['retain'] } {
    const { connection: noun, type } = this.#definition;
    if (typeof noun === 'function') return { connection: noun() };
    const node = configNode(this.#RED, this.#config[noun], { noun, type: `${type}-${noun}` }) as ConnectionNode<C> & { connection: C };
    return { connection: node.connection, retain: (user) => node.retain(user) };
  }

  async #receive(msg: LlmMessage, send: Send, done: Done): Promise<void> {
    const reply = new Reply(this.#RED, this.#node, msg, send, done);
    if (reply.isAbandoned) {
      reply.drop();
      return;
    }
    await this.#inFlight.run(async ({ signal }) => {
      const failure = await this.#answer(msg, send, reply, signal).then(() => undefined, toLlmError);
      if (failure) this.#last = { ok: false, kind: failure.kind };
      this.#status.update();
      if (failure) reply.fail(failure);
      else reply.succeed(msg);
    }, reply.signal);
  }

  async #answer(msg: LlmMessage, send: Send, reply: Reply, signal: AbortSignal): Promise<void> {
    reply.refuseLoop();
    if (!this.#parts) this.#setUp();
    if (!this.#parts) throw this.#problem;
    const { settings, backend } = this.#parts;
    const read = settings.read(msg);
    const request = readRequest(msg.payload, msg.llm, read instanceof Promise ? await read : read);
    const port = this.#config.stream && !reply.isTrial && isWired(this.#node, 1) ? new TokenPort(this.#RED, msg, (token) => send([null, token])) : undefined;
    const { parent, id = newRequestId() } = reply.place;
    const hasAlternative = (kind: FailureKind) => reply.hasAlternative(kind);
    const answer = backend.complete(request, { signal, deadline: reply.deadline, sink: this.#sink(reply, port), hasAlternative, parent, id });
    if (parent === undefined && bus.has('asked')) bus.emit('asked', { id, payload: msg.payload, llm: msg.llm });
    this.#status.update();
    try {
      const { embeddings, ...answered } = await answer;
      const completion = withCitations(answered, msg.llm);
      this.#last = { ok: true, timing: completion.timing };
      port?.end(completion);
      msg.payload = embeddings ?? completion.text;
      msg.completion = completion;
    } catch (error) {
      port?.fail();
      throw error;
    }
  }

  /** To the node's own port and to the stage that waits. */
  #sink({ sink }: Reply, port: TokenPort | undefined): TokenSink {
    return {
      write: (parts) => {
        this.#written += parts.length;
        this.#status.update();
        port?.write(parts);
        return sink?.write(parts);
      },
    };
  }

  async #close(): Promise<void> {
    this.#leave();
    await this.#inFlight.drain();
    this.#unsubscribe?.();
    this.#release?.();
    this.#status.close();
  }

  /** As a stage sees it that has the node in a branch. A config node may be there by now. */
  get refusal(): FailureKind | undefined {
    if (!this.#parts) this.#setUp();
    if (!this.#parts) return this.#problem?.kind;
    const { connection, backend } = this.#parts;
    return connection.run?.refusal ?? (this.health === 'down' ? 'unavailable' : backend.refusal);
  }

  get busy(): number {
    return this.#parts?.backend.busy ?? 0;
  }

  get waiting(): number {
    return this.#parts?.backend.waiting ?? 0;
  }

  get models(): string[] {
    const model = this.#parts?.settings.model;
    return model ? [model] : [];
  }

  get breaker(): BreakerState {
    return this.#parts?.backend.breakerState ?? 'closed';
  }

  get written(): number {
    return this.#written;
  }

  get isTripped(): boolean {
    return this.#parts?.backend.isTripped ?? false;
  }

  get isMisconfigured(): boolean {
    return this.#problem !== undefined;
  }

  ask(msg: LlmMessage, how: Asking): Asked {
    return askNode(this.#node, this, msg, how);
  }

  get isResting(): boolean {
    return this.#parts?.backend.isPaused ?? false;
  }

  trip(): void {
    this.#parts?.backend.trip();
  }

  reset(): void {
    this.#parts?.backend.reset();
    this.#status.update();
    // Stages that leave it alone by themselves ask it again, too.
    for (const node of llmNodes()) if (node.kind === 'stage') node.reset?.(this.identity.id);
  }

  get health(): HealthState {
    return this.#parts?.connection.health?.state ?? 'unknown';
  }

  #facts() {
    const { busy, waiting, breaker, health } = this;
    return {
      busy,
      waiting,
      tokensPerSecond: this.#tokensPerSecond(),
      breaker,
      health,
      server: this.#parts?.connection.run?.status,
      problem: this.isMisconfigured,
      ...(this.#last && { last: this.#last }),
    } as const;
  }

  /** Since the last look. */
  #tokensPerSecond(): number {
    const now = { written: this.#written, at: performance.now() };
    const { written, at } = this.#shown;
    this.#shown = now;
    return now.at > at ? ((now.written - written) / (now.at - at)) * 1000 : 0;
  }
}
