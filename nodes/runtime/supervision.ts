/** A server that is run here, as its config node and the nodes that use it see it. */
import type { NodeStatus } from 'node-red';
import type { ModelClient } from '../core/client.ts';
import { type FailureKind, LlmError } from '../core/errors.ts';
import type { HealthState } from '../core/events.ts';
import type { Crash } from '../core/supervisor/crash.ts';
import type { SupervisorOptions } from '../core/supervisor/options.ts';
import type { Supervisor, SupervisorFacts } from '../core/supervisor/supervisor.ts';
import { supervisors } from '../core/supervisor/supervisors.ts';
import type { RunSettings } from './run-settings.ts';

/** What the config node does with what happens. */
export interface RunOwner {
  readonly id: string;
  /** Runs the callback when the flows have started; at once would be before those who listen are there. */
  whenStarted(start: () => void): void;
  onStatus(status: NodeStatus): void;
  /** Once for each crash. */
  onCrash(crash: Crash, facts: SupervisorFacts): void;
}

export class Supervision {
  readonly #supervisor: Supervisor;
  readonly #port: number;
  readonly #owner: RunOwner;
  readonly #unsubscribe: () => void;
  /** Its own: the supervisor outlives a deploy. */
  readonly #listeners = new Set<() => void>();
  #crash: Crash | undefined;
  #isClosed = false;

  /** @throws LlmError where another node runs a server at the same port */
  constructor(options: SupervisorOptions, { start }: RunSettings, owner: RunOwner) {
    this.#owner = owner;
    this.#port = options.address.port;
    this.#supervisor = supervisors.claim(owner.id, options);
    // What an earlier deploy has told is not told again.
    this.#crash = this.#supervisor.facts.crash;
    this.#unsubscribe = this.#supervisor.subscribe(() => this.#tell());
    owner.whenStarted(() => {
      if (start === 'deploy') this.#supervisor.start();
      else void this.#supervisor.recover();
      // It may be running already; one that starts tells so itself.
      if (start === 'use' || this.#supervisor.state !== 'stopped') this.#tell();
    });
  }

  get facts(): SupervisorFacts {
    return this.#supervisor.facts;
  }

  /** Why a stage should leave it alone where it has another branch. */
  get refusal(): FailureKind | undefined {
    return this.#supervisor.refusal;
  }

  /** What to show of it; undefined while it is ready, which its health tells of. */
  get status(): NodeStatus | undefined {
    return statusOfServer(this.#supervisor.facts);
  }

  /** What is known of its health without asking it. */
  get health(): HealthState | undefined {
    const { state, byHand } = this.#supervisor.facts;
    if (state === 'ready') return undefined;
    if (state === 'stopped' || state === 'stopping') return byHand ? 'down' : 'unknown';
    return state === 'backoff' || state === 'failed' ? 'down' : 'loading';
  }

  /** Tells of each change. Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** See {@link Supervisor.acquire}. @throws LlmError also where the node is gone */
  acquire(signal: AbortSignal): (() => void) | Promise<() => void> {
    // It would start what nobody ends.
    if (this.#isClosed) throw new LlmError('unavailable', 'The server was taken away.', { retryable: false, hint: 'Choose another server in the node.' });
    return this.#supervisor.acquire(signal);
  }

  start(): void {
    this.#supervisor.start();
  }

  /** Resolves when it has ended. It stays so until it is started again. */
  stop(): Promise<void> {
    return this.#supervisor.stop(true);
  }

  restart(): void {
    this.#supervisor.restart();
  }

  /** `isGone`: the node will not come back with the next deploy. */
  close(isGone: boolean): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    return supervisors.release(this.#port, isGone);
  }

  #tell(): void {
    const facts = this.#supervisor.facts;
    this.#owner.onStatus(statusOfServer(facts) ?? { fill: 'green', shape: 'ring', text: 'llm.status.ready' });
    if (facts.crash && facts.crash !== this.#crash) this.#owner.onCrash(facts.crash, facts);
    this.#crash = facts.crash;
    for (const listener of this.#listeners) listener();
  }
}

/** Steps of a tenth: a Status node gets a message for each. */
function statusOfServer({ state, byHand, progress, crash }: SupervisorFacts): NodeStatus | undefined {
  switch (state) {
    case 'ready':
      return undefined;
    case 'stopped':
    case 'stopping':
      return { fill: 'grey', shape: 'ring', text: byHand ? 'llm.status.stoppedByHand' : `llm.status.${state}` };
    case 'starting':
      return { fill: 'yellow', shape: 'ring', text: 'llm.status.starting' };
    case 'loading':
      return { fill: 'yellow', shape: 'ring', text: progress === undefined ? 'llm.status.loading' : `${Math.floor(progress / 10) * 10} % loaded` };
    case 'backoff':
    case 'failed':
      return { fill: 'red', shape: state === 'failed' ? 'dot' : 'ring', text: `llm.crash.${crash?.reason ?? 'unknown'}` };
  }
}

/** A client whose requests start the server and wait for it. */
export function onRun(client: ModelClient, run: Supervision | undefined): ModelClient {
  if (!run) return client;
  return { provider: client.provider, stream: (request, context) => client.stream(request, context), acquire: (signal) => run.acquire(signal) };
}
