/** Deploys: whether one is under way, and what waits until it is over. */
import type { NodeAPI } from 'node-red';

/** `stopped`: the flows end without new ones that take their place, or could not be started. */
export type DeployState = 'running' | 'deploying' | 'stopped';

/** Node-RED gives its nodes 15 s to close. */
const defaultHoldMs = 20_000;

export class Deploys {
  /** The first node to ask does so while its flow starts. */
  #state: DeployState = 'deploying';
  /** The flows that run: a deploy stops them for others, and only who stops for good stops them for themselves. */
  #running: unknown;
  readonly #listeners = new Set<() => void>();

  constructor({ events }: Pick<NodeAPI, 'events'>) {
    events.on('flows:stopping', (event?: FlowsEvent) => this.#become(event?.config === this.#running ? 'stopped' : 'deploying'));
    events.on('flows:starting', () => this.#become('deploying'));
    events.on('flows:started', (event?: FlowsEvent) => {
      this.#running = event?.config;
      this.#become('running');
    });
    events.on('runtime-event', ({ id, payload }: RuntimeEvent) => {
      // A type or a module is missing, or it is the safe mode: nothing starts until somebody has seen to it.
      if (id === 'runtime-state' && payload?.error !== undefined && (payload.state === 'stop' || payload.state === 'safe')) this.#become('stopped');
    });
  }

  get state(): DeployState {
    return this.#state;
  }

  /** Calls whenever new flows run, or they stop. Returns the function that ends it. */
  onOver(act: () => void): () => void {
    this.#listeners.add(act);
    return () => this.#listeners.delete(act);
  }

  /** Resolves when no deploy is under way: true where the flows run. False also when it takes too long, or the signal aborts. */
  over(signal: AbortSignal, holdMs: number): Promise<boolean> {
    if (this.#state !== 'deploying' || signal.aborted) return Promise.resolve(this.#state === 'running');
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = () => {
      clearTimeout(timer);
      forget();
      signal.removeEventListener('abort', end);
      resolve(this.#state === 'running');
    };
    const forget = this.onOver(end);
    const timer = setTimeout(end, holdMs);
    signal.addEventListener('abort', end, { once: true });
    return promise;
  }

  #become(state: DeployState): void {
    this.#state = state;
    if (state === 'deploying') return;
    // After all others that listen to the same event: what they know of the flows is then new.
    queueMicrotask(() => [...this.#listeners].forEach((act) => act()));
  }
}

interface FlowsEvent {
  readonly config?: unknown;
}

interface RuntimeEvent {
  readonly id: string;
  readonly payload?: { readonly state?: string; readonly error?: unknown };
}

const known = new WeakMap<object, Deploys>();

/** Of the runtime. To be called by nodes when they start. */
export function deploysOf(RED: NodeAPI): Deploys {
  let deploys = known.get(RED.events);
  if (!deploys) known.set(RED.events, (deploys = new Deploys(RED)));
  return deploys;
}

/** For what a node leaves to the node that takes its place: acts when the deploy that closes the node is over. */
export function afterDeploy(RED: NodeAPI, act: () => void): void {
  RED.events.once('flows:started', act);
}

/** How long a request waits for nodes that are deployed anew: `llm.holdMs` in Node-RED's settings file. */
export function holdMsOf({ settings }: Pick<NodeAPI, 'settings'>): number {
  const { llm } = settings as { llm?: { holdMs?: unknown } };
  return typeof llm?.holdMs === 'number' && llm.holdMs >= 0 ? llm.holdMs : defaultHoldMs;
}
