/** The connections to one server: kept ones, of which it is known whether they have served before, and fresh ones. */
import type { Socket } from 'node:net';
import { Client, type Dispatcher, Pool } from 'undici';

/** A connection that serves one request after the other, and is made anew where it was closed meanwhile. */
export class KeptConnection extends Client {
  readonly #current: { socket?: Socket | null; hasServed: boolean };

  constructor(origin: string | URL, { connect, ...options }: Client.Options) {
    const current: { socket?: Socket | null; hasServed: boolean } = { hasServed: false };
    super(origin, {
      ...options,
      ...(typeof connect !== 'function'
        ? connect && { connect }
        : {
            connect: (target, done) =>
              connect(target, (...made) => {
                Object.assign(current, { socket: made[1], hasServed: false });
                done(...made);
              }),
          }),
    });
    this.#current = current;
  }

  /** Whether an answer has come over it, as it is now connected. */
  get hasServed(): boolean {
    return this.#current.hasServed;
  }

  /** Over it, as it is now connected. */
  get bytesRead(): number {
    return this.#current.socket?.bytesRead ?? 0;
  }

  served(): void {
    this.#current.hasServed = true;
  }

  override dispatch(options: TrackedOptions, handler: Dispatcher.DispatchHandler): boolean {
    options.onConnection?.(this);
    return super.dispatch(options, handler);
  }
}

export interface TrackedOptions extends Dispatcher.DispatchOptions {
  /** Which connection the request goes over; not called where it is none that is kept. */
  onConnection?: (connection: KeptConnection) => void;
}

/** For undici's agents: the pool of kept connections to one origin. */
export function keptConnections(origin: string | URL, options: object): Pool {
  return new Pool(origin, { ...options, factory: (to: URL, given: object) => new KeptConnection(to, given) });
}

/** What a server's requests go over. */
export interface Connections {
  readonly kept: Dispatcher;
  /** For a request that a kept connection has failed: each is for one request alone. */
  readonly fresh: Dispatcher;
}

export function destroyConnections({ kept, fresh }: Connections): Promise<void> {
  return Promise.all([kept.destroy(), fresh.destroy()]).then(() => undefined);
}
