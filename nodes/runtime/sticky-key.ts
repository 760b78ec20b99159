/** What keeps requests together: the same key goes to the same branch. */
import type { Node, NodeAPI } from 'node-red';
import type { LlmMessage } from './calls.ts';
import { TypedValue } from './typed-value.ts';

export class StickyKey {
  readonly #value: TypedValue;
  readonly #salt: string;

  /** `type` is `msg` or `jsonata`. @throws RangeError for an expression that cannot be read */
  constructor(RED: NodeAPI, node: Node, value: string, type: string) {
    // Without it, a stage in a branch would see keys of one share alone, and send them all the same way.
    this.#salt = node.id;
    try {
      this.#value = new TypedValue(RED, node, value, type);
    } catch {
      throw new RangeError('stickyBy is no JSONata expression.');
    }
  }

  /** Undefined for a message that has none. */
  async read(msg: LlmMessage): Promise<string | undefined> {
    const key = await this.#value.read(msg).catch(() => undefined);
    if (key === undefined || key === null || key === '') return undefined;
    return `${this.#salt}:${typeof key === 'object' ? JSON.stringify(key) : String(key)}`;
  }
}
