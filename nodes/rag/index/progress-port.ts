/** The second port of an index node: how far it is, a few times a second at most. */
import type { NodeAPI, NodeMessage } from 'node-red';
import type { IndexProgress } from '../indexing/source.ts';

const intervalMs = 250;

export class ProgressPort {
  readonly #RED: NodeAPI;
  readonly #msg: Omit<NodeMessage, 'payload'>;
  readonly #send: (msg: NodeMessage) => void;
  #toldAt = -Infinity;

  constructor(RED: NodeAPI, msg: NodeMessage, send: (msg: NodeMessage) => void) {
    this.#RED = RED;
    // The documents themselves are nothing to send around.
    const { payload: _payload, ...rest } = msg;
    this.#msg = rest;
    this.#send = send;
  }

  /** The last one always goes out. */
  tell(progress: IndexProgress): void {
    const now = performance.now();
    if (progress.done < progress.total && now - this.#toldAt < intervalMs) return;
    this.#toldAt = now;
    this.#send({ ...this.#RED.util.cloneMessage(this.#msg), payload: progress });
  }
}
