/** One request on its way through a stage: what was tried, what a reader has seen, how long there is left. */
import type { Node, NodeAPI } from 'node-red';
import type { AttemptRecord, Completion, StreamPart, TokenSink } from '../core/completion.ts';
import { type FailureKind, LlmError } from '../core/errors.ts';
import { bus } from '../core/events.ts';
import { calls, type Frame, type LlmMessage, type Outcome, withoutFrames } from './calls.ts';
import { loop, type Send } from './reply.ts';
import { type Behind, hasChanged, isWired, lookBehind, wiredTo } from './wires.ts';

/** The wires that leave a stage by one port, up to where the answer returns. */
export interface Branch {
  /** The output that it leaves by. */
  readonly port: number;
  /** Empty where a stage has but one. */
  readonly name: string;
}

export interface StageContext {
  readonly RED: NodeAPI;
  readonly node: Node;
  readonly send: Send;
  readonly signal: AbortSignal;
  /** Aborts when the node closes. */
  readonly closing: AbortSignal;
  readonly sink: TokenSink | undefined;
  /** On the clock of `performance.now`. */
  readonly deadline: number;
}

export interface AttemptOptions {
  /** For this attempt alone, in ms; 0 leaves the request's own deadline. */
  readonly timeoutMs: number;
  /** Sent instead of the message that came in. */
  readonly msg?: LlmMessage;
  /** For a copy on trial. */
  readonly shadow?: boolean;
}

/** Aborts what still runs in a branch whose outcome is there. */
const over = new LlmError('cancelled', 'Another outcome came first.');

export class StageRequest {
  readonly msg: LlmMessage;
  /** What was tried, in order. */
  readonly attempts: AttemptRecord[] = [];
  readonly #context: StageContext;
  readonly #frames: readonly Frame[];
  readonly #startedAt = performance.now();
  #committed = false;
  #said = '';
  /** What a reader had seen when the attempt under way began. */
  #saidBefore = '';
  /** True once the attempt under way has given a reader something. */
  #isTelling = false;
  #queuedMs = 0;

  constructor(msg: LlmMessage, context: StageContext) {
    this.msg = msg;
    this.#context = context;
    this.#frames = msg._llmCalls ?? [];
  }

  /** True once a reader has seen a token: another branch would then be another answer. */
  get committed(): boolean {
    return this.#committed;
  }

  /** The text that a reader has seen so far. */
  get said(): string {
    return this.#said;
  }

  /** Aborts when nobody waits for the answer any more, or its time is over. */
  get signal(): AbortSignal {
    return this.#context.signal;
  }

  get canRestart(): boolean {
    return this.#context.sink === undefined || this.#context.sink.restart !== undefined;
  }

  /** Tells a reader that has seen tokens to forget them. */
  async restart(): Promise<void> {
    this.#committed = false;
    this.#said = '';
    await this.#context.sink?.restart?.();
  }

  /** Records a branch that is not even tried. */
  skip({ name }: Branch, error: FailureKind): void {
    this.attempts.push({ backend: name, branch: name, outcome: 'failed', error, ms: 0 });
  }

  /** Says that the request has waited for its turn. */
  waited(ms: number): void {
    this.#queuedMs += ms;
  }

  /** Sends a copy into a branch. Its answer is measured and thrown away, and nobody waits for it. */
  shadow(branch: Branch, timeoutMs: number): void {
    const { closing } = this.#context;
    const copy = new StageRequest(this.msg, { ...this.#context, signal: closing, sink: undefined, deadline: Infinity });
    // Whatever becomes of it is told on the bus.
    copy.attempt(branch, { timeoutMs, shadow: true }).catch(() => undefined);
  }

  /**
   * Sends the request into a branch and resolves with the message that comes back, its frames as they were.
   * @throws LlmError of the branch, or of its time limit
   */
  async attempt(branch: Branch, options: AttemptOptions): Promise<LlmMessage> {
    const { shadow = false } = options;
    const startedAt = performance.now();
    this.#saidBefore = this.#said;
    this.#isTelling = false;
    const outcome = await this.#outcomeOf(branch, options);
    const ms = performance.now() - startedAt;
    this.#tell(branch, outcome, ms, shadow);
    this.#record(branch, outcome, ms);
    if (!outcome.ok) throw outcome.failure;
    const { msg } = outcome;
    if (msg.completion) this.#clock(msg.completion, startedAt);
    await this.#writeWhole(msg);
    return this.#restored(msg);
  }

  async #outcomeOf(branch: Branch, { timeoutMs, msg = this.msg }: AttemptOptions): Promise<Outcome> {
    const { RED, node, send, signal } = this.#context;
    const { port } = branch;
    const behind = lookBehind(RED, node, port, msg);
    const refusal = this.#refusal(branch, port, behind);
    if (refusal) return { ok: false, failure: refusal };
    // What cannot be cloned fails before a call waits for it.
    const sent = withoutFrames(RED.util.cloneMessage(msg));
    const limit = new AttemptLimit(signal, timeoutMs, branch);
    const { frame, outcome } = calls.open(node.id, {
      msg: this.msg,
      signal: limit.signal,
      sink: this.#sink(),
      deadline: Math.min(this.#context.deadline, limit.deadline),
      isLost: () => hasChanged(behind, lookBehind(RED, node, port, msg)),
    });
    sent._llmCalls = [...this.#frames, frame];
    send(atPort(port, sent));
    const result = await outcome;
    limit.end();
    return result.ok ? result : { ok: false, failure: this.#explained(result.failure, branch) };
  }

  #refusal(branch: Branch, port: number, behind: Behind): LlmError | undefined {
    const { RED, node, signal } = this.#context;
    if (signal.aborted) return signal.reason as LlmError;
    if (!isWired(node, port)) {
      return new LlmError('not_found', `The ${nounFor(branch)} is not wired.`, { hint: 'Wire its port to a backend, or remove its row.' });
    }
    if (behind.nodes.includes(node)) return loop(`The ${nounFor(branch)}`);
    if (wiredTo(RED, node, port).length > 0) return undefined;
    return new LlmError('unavailable', `The nodes of the ${nounFor(branch)} do not run.`, { hint: 'They are being deployed, disabled or of an unknown type.' });
  }

  /** A branch that is cancelled while its request is not went away by itself, with a deploy. */
  #explained(failure: LlmError, branch: Branch): LlmError {
    if (failure.kind !== 'cancelled' || this.signal.aborted) return failure;
    return new LlmError('unavailable', `The ${nounFor(branch)} was stopped before it answered.`, { ...failure.cause, hint: 'Send the request again.' });
  }

  #sink(): TokenSink | undefined {
    const { sink } = this.#context;
    if (!sink) return undefined;
    const write = (parts: readonly StreamPart[]) => {
      this.#see(parts);
      return sink.write(parts);
    };
    const restart = async () => {
      // A branch that goes on takes back only what is its own.
      const before = this.#saidBefore;
      await this.restart();
      if (before) await write([{ type: 'text', text: before }]);
    };
    return { write, ...(sink.restart && { restart }) };
  }

  #see(parts: readonly StreamPart[]): void {
    this.#committed = true;
    this.#isTelling = true;
    for (const part of parts) if (part.type === 'text') this.#said += part.text;
  }

  /** Foreign nodes give no tokens: their answer is one. */
  async #writeWhole({ completion }: LlmMessage): Promise<void> {
    if (this.#isTelling || !completion?.text) return;
    await this.#sink()?.write([{ type: 'text', text: completion.text }]);
  }

  /** The times count from when the stage got the request. */
  #clock(completion: Completion, attemptedAt: number): void {
    const { queuedMs, firstTokenMs, ...timing } = completion.timing;
    completion.timing = {
      ...timing,
      queuedMs: queuedMs + this.#queuedMs,
      ...(firstTokenMs !== undefined && { firstTokenMs: firstTokenMs + attemptedAt - this.#startedAt }),
      totalMs: performance.now() - this.#startedAt,
    };
  }

  /** Who waits for the message is who waited when it came: the stages and link calls of the branch wait no more. */
  #restored(msg: LlmMessage): LlmMessage {
    const { _linkSource: callers } = this.msg;
    delete msg._linkSource;
    delete msg._llmCalls;
    return Object.assign(msg, callers && { _linkSource: callers }, this.#frames.length > 0 && { _llmCalls: this.#frames });
  }

  #record({ name }: Branch, outcome: Outcome, ms: number): void {
    const inner = outcome.ok ? outcome.msg.completion?.attempts : outcome.failure.cause.attempts;
    if (inner && inner.length > 0) {
      for (const attempt of inner) this.attempts.push({ ...attempt, ...under(name, attempt.branch) });
    } else {
      const backend = (outcome.ok && outcome.msg.completion?.backend.name) || name;
      this.attempts.push({ backend, ...under(name, undefined), ...told(outcome), ms });
    }
  }

  #tell({ name }: Branch, outcome: Outcome, ms: number, shadow: boolean): void {
    if (!bus.has('branch')) return;
    const { id, name: own, type } = this.#context.node;
    bus.emit('branch', { stage: { id, name: own || type, type }, branch: name, ...told(outcome), ms, shadow });
  }
}

/** What `node.send` takes to send by one port alone. */
export function atPort(port: number, msg: LlmMessage): Array<LlmMessage | null> {
  const outputs: Array<LlmMessage | null> = Array.from({ length: port }, () => null);
  outputs.push(msg);
  return outputs;
}

/** A stage with one branch has no name for it. */
function nounFor({ name }: Branch): string {
  return name === '' ? 'flow' : `branch ${name}`;
}

/** The way to where an attempt was made; a stage with one branch has no name to add. */
function under(name: string, inner: string | undefined): { branch?: string } {
  const branch = [name, inner].filter(Boolean).join(' / ');
  return branch === '' ? {} : { branch };
}

function told(outcome: Outcome): Pick<AttemptRecord, 'outcome' | 'error'> {
  if (outcome.ok) return { outcome: 'ok' };
  const { kind } = outcome.failure;
  return { outcome: kind === 'cancelled' ? 'cancelled' : 'failed', error: kind };
}

/** Ends an attempt with its time, or with its request. */
class AttemptLimit {
  readonly deadline: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = () => this.#controller.abort(this.#outer.reason);

  /** A `timeoutMs` of 0 means no limit of its own. */
  constructor(outer: AbortSignal, timeoutMs: number, branch: Branch) {
    this.#outer = outer;
    this.deadline = timeoutMs > 0 ? performance.now() + timeoutMs : Infinity;
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs > 0) this.#timer = setTimeout(() => this.#controller.abort(tooLate(branch, timeoutMs)), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whatever still runs in the branch works for nobody. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onAbort);
    this.#controller.abort(over);
  }
}

function tooLate(branch: Branch, timeoutMs: number): LlmError {
  return new LlmError('timeout', `The ${nounFor(branch)} gave no answer within ${timeoutMs} ms.`, {
    hint: 'Raise its time limit, or look where its nodes lose the message: a branch of other nodes ends with llm-return.',
  });
}
