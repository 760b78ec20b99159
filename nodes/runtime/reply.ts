/** How a backend or a stage hands on what became of a message: along its wire, or straight back to the stage that waits for it. */
import type { Node, NodeAPI } from 'node-red';
import type { TokenSink } from '../core/completion.ts';
import { type FailureKind, LlmError } from '../core/errors.ts';
import { type Call, calls, framesOf, isFrame, type LlmMessage, type Place, topFrame, withoutFrames, type Work } from './calls.ts';
import { reportOf } from './report.ts';
import { handedOn } from './shared-messages.ts';
import { isWired, lookBehind } from './wires.ts';

export type Send = (msg: LlmMessage | Array<LlmMessage | null>) => void;
export type Done = (error?: Error) => void;

/** The type of the node that ends a branch of any nodes. */
export const returnType = 'llm-return';

export class Reply {
  /** True for a message whose stage no longer waits: whatever would be done for it is wasted. */
  readonly isAbandoned: boolean;
  /** For who tells of the request. */
  readonly place: Place;
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #msg: LlmMessage;
  readonly #send: Send;
  readonly #done: Done;
  readonly #call: Call | undefined;
  readonly #frame: Work | undefined;
  /** Whether a return node behind the node's answer port is to hand the answer back. */
  readonly #byWire: boolean;

  /** Marks the message as this node's work. */
  constructor(RED: NodeAPI, node: Node, msg: LlmMessage, send: Send, done: Done) {
    this.#RED = RED;
    this.#node = node;
    this.#msg = msg;
    this.#send = send;
    this.#done = done;
    const frame = topFrame(msg);
    this.#call = frame && calls.find(frame);
    this.place = (frame && this.#call?.placeOf(frame)) ?? {};
    this.isAbandoned = frame !== undefined && this.#call === undefined;
    this.#byWire = frame === undefined || this.#hasWayBack();
    if (!this.#call) return;
    this.#frame = this.#call.enter();
    msg._llmCalls = [...framesOf(msg).filter((other) => other !== frame), this.#frame];
  }

  /** Aborts when the stage no longer waits; undefined where none does. */
  get signal(): AbortSignal | undefined {
    return this.#call?.signal;
  }

  /** True where the answer is for who asked alone: the node's ports stay silent. */
  get isTrial(): boolean {
    return this.#frame?.trial !== undefined;
  }

  /** On the clock of `performance.now`. */
  get deadline(): number {
    return this.#call?.deadline ?? Infinity;
  }

  /** Whether a failure of this kind would lead on to another branch that is free now. */
  hasAlternative(kind: FailureKind): boolean {
    return this.#call?.hasAlternative(kind) ?? false;
  }

  /** Where the stage wants the tokens; none for an answer that other nodes of the branch may still change: it goes on as a whole. */
  get sink(): TokenSink | undefined {
    if (!this.#call || !this.#frame) return undefined;
    if (this.#byWire && this.#behind().some((node) => mayChange(node))) return undefined;
    return this.#call.sinkFor(this.#frame);
  }

  /**
   * Asked before any work: what comes to a stage again on its way through it would come again and again.
   * @throws LlmError where this node is such a stage, or its answer leads to one
   */
  refuseLoop(): void {
    if (!this.#call) return;
    const ahead = [this.#node, ...this.#behind()];
    if (framesOf(this.#msg).some((frame) => isFrame(frame) && ahead.some(({ id }) => id === frame.stage))) throw loop('A branch');
  }

  succeed(answer: LlmMessage): void {
    if (this.#frame && this.#byWire && !this.#hasWayBack()) {
      this.fail(wiredOff());
      return;
    }
    this.#leave();
    if (this.#byWire || !this.#frame) {
      this.#send(handedOn(this.#RED, this.#node, 0, answer));
    } else if (calls.settle(this.#frame, { ok: true, msg: answer }) && isWired(this.#node, 0) && !this.isTrial) {
      // Who watches sees what the stage got, which it takes up in a later turn.
      this.#send(withoutFrames(this.#RED.util.cloneMessage(answer)));
    }
    this.#done();
  }

  /** The stage that waits decides what follows; where none does, a Catch node sees it. */
  fail(failure: LlmError): void {
    this.#leave();
    if (!this.#frame) {
      this.#done(reportOf(failure));
      return;
    }
    calls.settle(this.#frame, { ok: false, failure });
    this.#done();
  }

  /** For a message that is abandoned. */
  drop(): void {
    this.#done();
  }

  #leave(): void {
    if (this.#frame) this.#call?.leave(this.#frame);
  }

  #hasWayBack(): boolean {
    return this.#behind().some(({ type }) => type === returnType);
  }

  #behind(): readonly Node[] {
    return lookBehind(this.#RED, this.#node, 0, this.#msg).nodes;
  }
}

/** Nodes that take an answer as it is, or hand it on so. */
const onlookers: ReadonlySet<string> = new Set([returnType, 'debug', 'junction', 'link in', 'link out', 'complete', 'status', 'catch']);

function mayChange({ type }: Node): boolean {
  return !onlookers.has(type);
}

/** `what` leads back into the stage that it leaves. */
export function loop(what: string): LlmError {
  return new LlmError('misconfigured', `${what} leads back into its own stage.`, {
    hint: 'Remove the wire that leads back: the answer of a branch returns by itself.',
  });
}

/** Handed back at once, the answer would lack what the nodes before the return node do to it. */
function wiredOff(): LlmError {
  return new LlmError('unavailable', 'The nodes behind the backend were deployed anew before it answered.', { hint: 'Send the request again.', retryAfterMs: 1_000, redeployed: true });
}
