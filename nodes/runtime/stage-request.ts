/** One request on its way through a stage: what was tried, what a reader has seen, how long there is left. */
import type { Node, NodeAPI } from 'node-red';
import type { AttemptRecord, BackendIdentity, Completion, StreamPart, TokenSink } from '../core/completion.ts';
import { type FailureKind, LlmError } from '../core/errors.ts';
import { bus, type LlmEvents } from '../core/events.ts';
import { AttemptLimit, type Branch, nounFor } from './branch.ts';
import { calls, type Frame, type LlmMessage, type Outcome, type Place, withoutFrames } from './calls.ts';
import { asProblem } from './connection.ts';
import { identityOf } from './llm-nodes.ts';
import { loop, type Send } from './reply.ts';
import { type Behind, hasChanged, isWired, lookBehind, wiredTo } from './wires.ts';

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

/** What a client says of its request. */
type AskedBy = Pick<LlmEvents['stage'], 'requestId' | 'traceparent'>;

let requests = 0;

/** One id for a request at one stage. */
export function newStageId(): string {
  return `stage-${++requests}`;
}

export class StageRequest {
  readonly msg: LlmMessage;
  /** One id for the request at this stage. */
  readonly id: string;
  /** What was tried, in order. */
  readonly attempts: AttemptRecord[] = [];
  readonly #context: StageContext;
  /** The attempt of the stage above that it belongs to. */
  readonly #parent: string | undefined;
  readonly #frames: readonly Frame[];
  readonly #startedAt = performance.now();
  #committed = false;
  #said = '';
  /** What a reader had seen when the attempt under way began. */
  #saidBefore = '';
  /** True once the attempt under way has given a reader something. */
  #isTelling = false;
  #queuedMs = 0;
  #asked: AskedBy = {};

  constructor(msg: LlmMessage, context: StageContext, { id = newStageId(), parent }: Place) {
    this.id = id;
    this.#parent = parent;
    this.msg = msg;
    this.#context = context;
    this.#frames = msg._llmCalls ?? [];
  }

  /** Lets a stage answer as it does, and tells of it. @throws LlmError what `handle` throws, with what was tried */
  async answer(handle: (request: StageRequest) => Promise<LlmMessage>, asked: AskedBy = {}): Promise<LlmMessage> {
    this.#asked = asked;
    this.#tellBegin();
    try {
      const answer = await handle(this);
      if (answer.completion) answer.completion.attempts = this.attempts;
      if (answer.completion && this.#isFirst && bus.has('answered')) bus.emit('answered', { id: this.id, text: answer.completion.text });
      this.#tellEnd({ outcome: 'ok' }, answer.completion);
      return answer;
    } catch (error) {
      const failure = asProblem(error);
      // What a reader has seen, which may be less than what a backend had written.
      const partial = this.#context.sink && (this.committed || failure.partial !== undefined) ? { partial: this.said } : undefined;
      const whole = failure.with({ attempts: this.attempts, ...partial });
      this.#tellEnd(told({ ok: false, failure: whole }));
      throw whole;
    }
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
    const copy = new StageRequest(this.msg, { ...this.#context, signal: closing, sink: undefined, deadline: Infinity }, { id: this.id });
    // Whatever becomes of it is told on the bus.
    copy.attempt(branch, { timeoutMs, shadow: true }).catch(() => undefined);
  }

  /**
   * Sends the request into a branch and resolves with the message that comes back, its frames as they were.
   * @throws LlmError of the branch, or of its time limit
   */
  async attempt(branch: Branch, options: AttemptOptions): Promise<LlmMessage> {
    const startedAt = performance.now();
    this.#saidBefore = this.#said;
    this.#isTelling = false;
    const outcome = await this.#outcomeOf(branch, options);
    const ms = performance.now() - startedAt;
    this.#record(branch, outcome, ms);
    if (!outcome.ok) throw outcome.failure;
    const { msg } = outcome;
    if (msg.completion) this.#clock(msg.completion, startedAt);
    await this.#writeWhole(msg);
    return this.#restored(msg);
  }

  async #outcomeOf(branch: Branch, { timeoutMs, msg = this.msg, shadow = false }: AttemptOptions): Promise<Outcome> {
    const { RED, node, send, signal } = this.#context;
    const { port } = branch;
    const behind = lookBehind(RED, node, port, msg);
    const refusal = this.#refusal(branch, port, behind);
    if (refusal) return this.#refused(branch, shadow, refusal);
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
    const attempt = this.#about(frame.call, branch, shadow);
    if (bus.has('branchStart')) bus.emit('branchStart', attempt);
    const startedAt = performance.now();
    send(atPort(port, sent));
    const settled = await outcome;
    limit.end();
    const result: Outcome = settled.ok ? settled : { ok: false, failure: this.#explained(settled.failure, branch) };
    if (bus.has('branch')) bus.emit('branch', { ...attempt, ...told(result), ms: performance.now() - startedAt });
    return result;
  }

  #refused(branch: Branch, shadow: boolean, failure: LlmError): Outcome {
    const outcome: Outcome = { ok: false, failure };
    if (bus.has('branch')) bus.emit('branch', { ...this.#about(`${this.id}-${this.attempts.length}`, branch, shadow), ...told(outcome), ms: 0 });
    return outcome;
  }

  #about(id: string, { name }: Branch, shadow: boolean) {
    return { id, parent: this.id, stage: this.#stage, branch: name, shadow };
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
      const { outcome: ended, error } = told(outcome);
      this.attempts.push({ backend, ...under(name, undefined), outcome: ended, ...(error && { error }), ms });
    }
  }

  #tellBegin(): void {
    if (bus.has('stage')) bus.emit('stage', this.#told());
    if (this.#isFirst && bus.has('asked')) bus.emit('asked', { id: this.id, payload: this.msg.payload, llm: this.msg.llm });
  }

  #tellEnd(ended: Told, completion?: Completion): void {
    if (!bus.has('stageEnd')) return;
    const { usage, cost, route, model, provider, finishReason, timing, backend } = completion ?? {};
    const facts = withoutUndefined({ usage, cost, route, model, provider, finishReason, timing, backend: backend?.name });
    const ms = performance.now() - this.#startedAt;
    bus.emit('stageEnd', { ...this.#told(), ...ended, ms, queuedMs: this.#queuedMs, attempts: this.attempts.length, ...facts });
  }

  /** What the request's begin and its end both tell. */
  #told(): LlmEvents['stage'] {
    const { client } = (this.msg.llm ?? {}) as { client?: unknown };
    const parent = this.#parent;
    return { id: this.id, stage: this.#stage, ...(parent !== undefined && { parent }), ...(typeof client === 'string' && { client }), ...this.#asked };
  }

  /** True where the request begins at this stage. */
  get #isFirst(): boolean {
    return this.#parent === undefined;
  }

  get #stage(): BackendIdentity {
    return identityOf(this.#context.node);
  }
}

/** What `node.send` takes to send by one port alone. */
export function atPort(port: number, msg: LlmMessage): Array<LlmMessage | null> {
  const outputs: Array<LlmMessage | null> = Array.from({ length: port }, () => null);
  outputs.push(msg);
  return outputs;
}

/** The way to where an attempt was made; a stage with one branch has no name to add. */
function under(name: string, inner: string | undefined): { branch?: string } {
  const branch = [name, inner].filter(Boolean).join(' / ');
  return branch === '' ? {} : { branch };
}

type Told = Pick<LlmEvents['branch'], 'outcome' | 'error' | 'hint'>;

function told(outcome: Outcome): Told {
  if (outcome.ok) return { outcome: 'ok' };
  const { kind, hint } = outcome.failure;
  return { outcome: kind === 'cancelled' ? 'cancelled' : 'failed', error: kind, ...(hint !== undefined && { hint }) };
}

function withoutUndefined<Facts extends object>(facts: Facts): { [Name in keyof Facts]: Exclude<Facts[Name], undefined> } {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as { [Name in keyof Facts]: Exclude<Facts[Name], undefined> };
}
