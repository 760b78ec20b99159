/** Which request at the front each request in the flows belongs to, while it is under way. */
import type { EventBus } from '../core/events.ts';

/** A request where it began. */
export interface Root {
  /** The client's id where it gave one, else ours. */
  readonly requestId: string;
  readonly client: string | undefined;
}

export class Roots {
  /** By the ids of stages' requests, attempts in branches and backends' requests. */
  readonly #open = new Map<string, Root>();
  readonly #unsubscribe: ReadonlyArray<() => void>;

  constructor(bus: EventBus) {
    const open = this.#open;
    const enter = (id: string, root: Root | undefined) => void (root && open.set(id, root));
    this.#unsubscribe = [
      bus.on('stage', ({ id, parent, requestId = id, client }) => enter(id, parent === undefined ? { requestId, client } : open.get(parent))),
      bus.on('branchStart', ({ id, parent }) => enter(id, open.get(parent))),
      bus.on('request', ({ requestId, parent }) => enter(requestId, parent === undefined ? { requestId, client: undefined } : open.get(parent))),
    ];
  }

  get size(): number {
    return this.#open.size;
  }

  of(id: string): Root | undefined {
    return this.#open.get(id);
  }

  /** To be called when what has the id is over, by whoever has no more questions. */
  forget(id: string): void {
    this.#open.delete(id);
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }
}
