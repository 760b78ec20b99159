/** Requests as they end, the same for stages and backends. */
import type { BackendIdentity } from '../core/completion.ts';
import type { FailureKind } from '../core/errors.ts';
import type { EventBus } from '../core/events.ts';

export interface RequestEnd {
  /** Where it ended. */
  readonly node: BackendIdentity;
  readonly isBackend: boolean;
  /** True where the request began here: what its sender saw, after all retries and other branches. */
  readonly isFront: boolean;
  readonly outcome: 'ok' | 'failed' | 'cancelled';
  readonly error: FailureKind | undefined;
  readonly ms: number;
  readonly firstTokenMs: number | undefined;
}

/** Returns the function that ends the subscription. */
export function onRequestEnd(bus: EventBus, listener: (end: RequestEnd) => void): () => void {
  const unsubscribe = [
    bus.on('completion', ({ backend, parent, timing }) =>
      listener({ node: backend, isBackend: true, isFront: parent === undefined, outcome: 'ok', error: undefined, ms: timing.totalMs, firstTokenMs: timing.firstTokenMs }),
    ),
    bus.on('failure', ({ backend, parent, error, ms }) =>
      listener({ node: backend, isBackend: true, isFront: parent === undefined, outcome: error === 'cancelled' ? 'cancelled' : 'failed', error, ms, firstTokenMs: undefined }),
    ),
    bus.on('stageEnd', ({ stage, parent, outcome, error, ms, timing }) =>
      listener({ node: stage, isBackend: false, isFront: parent === undefined, outcome, error, ms, firstTokenMs: timing?.firstTokenMs }),
    ),
  ];
  return () => {
    for (const end of unsubscribe) end();
  };
}

/** Failures that say nothing of the service: the sender's own, or of a prompt. */
const sendersOwn: ReadonlySet<FailureKind> = new Set(['invalid_request', 'context_length', 'content_filter', 'cancelled']);

/** Whether an end is the service's doing, well or badly. */
export function isServicesDoing({ error }: RequestEnd): boolean {
  return error === undefined || !sendersOwn.has(error);
}
