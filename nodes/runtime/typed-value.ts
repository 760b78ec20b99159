/** The value of a TypedInput, read anew for each message. */
import type { Node, NodeAPI } from 'node-red';
import type { LlmMessage } from './calls.ts';

export class TypedValue {
  readonly #evaluate: (msg: LlmMessage, done: (error: Error | null, value?: unknown) => void) => void;

  /** `type` is one of the editor's types. @throws for a JSONata expression that cannot be read */
  constructor({ util }: NodeAPI, node: Node, value: string, type: string) {
    if (type === 'jsonata') {
      const expression = util.prepareJSONataExpression(value, node);
      this.#evaluate = (msg, done) => util.evaluateJSONataExpression(expression, msg, done);
    } else {
      // What is not there is undefined, as to the nodes of Node-RED itself.
      this.#evaluate = (msg, done) => util.evaluateNodeProperty(value, type, node, msg, (error, found: unknown) => done(null, error ? undefined : found));
    }
  }

  /** Rejects with whatever Node-RED has to say against an expression or a constant. */
  read(msg: LlmMessage): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#evaluate(msg, (error, value) => (error ? reject(error) : resolve(value)));
    });
  }
}
