/** A node's token port: the answer as a sequence of messages that a stock join node puts together again. */
import type { NodeAPI, NodeMessage } from 'node-red';
import type { Completion, StreamPart, TokenSink } from '../core/completion.ts';
import { type LlmMessage, withoutFrames } from './calls.ts';

export class TokenPort implements TokenSink {
  readonly #RED: NodeAPI;
  readonly #template: NodeMessage;
  readonly #send: (msg: NodeMessage) => void;
  #id: string;
  #index = 0;

  /** `send` puts a message out of the port. Each carries what `msg` carries, but for the prompt. */
  constructor(RED: NodeAPI, msg: LlmMessage, send: (msg: NodeMessage) => void) {
    this.#RED = RED;
    // Tokens are for those who watch: they answer no stage.
    this.#template = withoutFrames({ ...msg, payload: '' });
    this.#send = send;
    this.#id = RED.util.generateId();
  }

  write(parts: readonly StreamPart[]): void {
    for (const part of parts) {
      if (part.type === 'text') this.#sendToken(part.text, { index: this.#index++ });
    }
  }

  /** Takes the sequence back; what follows is a new one. */
  restart(): void {
    this.fail();
    this.#id = this.#RED.util.generateId();
    this.#index = 0;
  }

  /** Ends the sequence with an empty token that carries the completion. */
  end(completion: Completion): void {
    // A copy: the answer's message carries the same, and goes another way.
    this.#sendToken('', { index: this.#index, count: this.#index + 1 }, { complete: true, completion: structuredClone(completion) });
  }

  /** The answer broke off: a join node lets go of what it has of the sequence. */
  fail(): void {
    if (this.#index > 0) this.#sendToken('', { index: this.#index }, { reset: true });
  }

  #sendToken(payload: string, position: { index: number; count?: number }, last?: object): void {
    const parts = { id: this.#id, type: 'string', ch: '', ...position };
    this.#send(Object.assign(this.#RED.util.cloneMessage(this.#template), { payload, parts }, last));
  }
}
