/** The requests that a node has under way, so that a redeploy can let them end before it cancels them. */
import type { NodeAPI } from 'node-red';
import { LlmError } from '../core/errors.ts';

/** Node-RED waits so long for a node to close, unless its settings file says otherwise. */
const defaultCloseMs = 15_000;

/** What it takes to end what is cancelled. */
const endMs = 1_000;

export class InFlight {
  readonly #controllers = new Set<AbortController>();
  readonly #drainMs: number;
  #onEmpty: (() => void) | undefined;
  /** Set when draining has taken too long. */
  #cancelled: LlmError | undefined;

  constructor(RED: NodeAPI) {
    this.#drainMs = readDrainMs(RED.settings);
  }

  get size(): number {
    return this.#controllers.size;
  }

  /** Runs a request with a controller that aborts with `outer`, and when the node closes and draining takes too long. */
  async run<T>(work: (controller: AbortController) => Promise<T>, outer?: AbortSignal): Promise<T> {
    const controller = new AbortController();
    this.#controllers.add(controller);
    const abort = () => controller.abort(outer?.reason);
    outer?.addEventListener('abort', abort, { once: true });
    // Node-RED may still deliver to a node that closes.
    if (this.#cancelled) controller.abort(this.#cancelled);
    try {
      return await work(controller);
    } finally {
      outer?.removeEventListener('abort', abort);
      this.#controllers.delete(controller);
      if (this.#controllers.size === 0) this.#onEmpty?.();
    }
  }

  /** Resolves when nothing is under way any more; what lasts longer than the drain time is cancelled. */
  async drain(): Promise<void> {
    if (this.#controllers.size === 0) return;
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    const timer = setTimeout(() => this.#cancel(), this.#drainMs);
    await empty;
    clearTimeout(timer);
  }

  #cancel(): void {
    this.#cancelled = new LlmError('cancelled', 'The request was cancelled because the flow was deployed anew or stopped.', { retryAfterMs: 1_000 });
    for (const controller of this.#controllers) controller.abort(this.#cancelled);
  }
}

/** `llm.drainMs` in Node-RED's settings file may be any time below that. */
function readDrainMs(settings: object): number {
  const { llm, nodeCloseTimeout } = settings as { llm?: { drainMs?: unknown }; nodeCloseTimeout?: unknown };
  if (typeof llm?.drainMs === 'number' && llm.drainMs >= 0) return llm.drainMs;
  const closeMs = typeof nodeCloseTimeout === 'number' && nodeCloseTimeout > 0 ? nodeCloseTimeout : defaultCloseMs;
  return Math.max(closeMs - endMs, closeMs / 2);
}
