/** One request on its way through a stage: what was tried, what a reader has seen, how long there is left. */
import type { Node, NodeAPI } from 'node-red';
import type { AttemptRecord, Completion, StreamPart, TokenSink } from '../core/completion.ts';
import { type FailureKind, LlmError, policyFor, toLlmError } from '../core/errors.ts';
import { GrowingText } from '../core/growing-text.ts';
import { AttemptLimit, type Branch, nounFor } from './branch.ts';
import { calls, framesOf, type LlmMessage, type Outcome, type Place, topFrame } from './calls.ts';
import { deploysOf, holdMsOf } from './deploys.ts';
import { identityOf, llmNode } from './llm-nodes.ts';
import { loop, type Send } from './reply.ts';
import { copyFor, release } from './shared-messages.ts';
import { type AskedBy, StageEvents, told } from './stage-events.ts';
import { type Behind, hasChanged, isBroken, isWired, lookBehind, wiredTo } from './wires.ts';

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
  /** Whether a failure of this kind would lead on to a branch of a stage above that is free now. */
  readonly hasAlternative?: (kind: FailureKind) => boolean;
}

export interface AttemptOptions {
  /** For this attempt alone, in ms; 0 leaves the request's own deadline. */
  readonly timeoutMs: number;
  /** Sent instead of the message that came in. */
  readonly msg?: LlmMessage;
  /** For a copy on trial. */
  readonly shadow?: boolean;
  /** Whether a failure of this kind would lead on to another branch of the stage that is free now. Asked when it has happened. */
  readonly hasAlternative?: (kind: FailureKind) => boolean;
}

/** How often a request is asked again that deploys keep from its answer. */
const maxTurns = 10;

export class StageRequest {
  readonly msg: LlmMessage;
  /** What was tried, in order. */
  readonly attempts: AttemptRecord[] = [];
  readonly #context: StageContext;
  readonly #events: StageEvents;
  /** As they came. */
  readonly #frames: readonly unknown[];
  readonly #startedAt = performance.now();
  #committed = false;
  #said = new GrowingText();
  /** What a reader had seen when the attempt under way began. */
  #saidBefore = '';
  /** True once the attempt under way has given a reader something. */
  #isTelling = false;
  #queuedMs = 0;
  /** True once an attempt of this turn has failed for a deploy. */
  #hasMetDeploy = false;

  constructor(msg: LlmMessage, context: StageContext, place: Place) {
    this.#events = new StageEvents(identityOf(context.node), msg, place);
    this.msg = msg;
    this.#context = context;
    this.#frames = framesOf(msg);
  }

  /** Lets a stage answer as it does, and tells of it. @throws LlmError what `handle` throws, with what was tried */
  async answer(handle: (request: StageRequest) => Promise<LlmMessage>, asked: AskedBy = {}): Promise<LlmMessage> {
    this.#events.begin(asked);
    try {
      const answer = await this.#throughDeploys(handle);
      if (answer.completion) answer.completion = { ...answer.completion, attempts: [...this.attempts] };
      release(answer, this.msg);
      this.#events.end({ outcome: 'ok' }, this.#soFar, answer.completion);
      return answer;
    } catch (error) {
      const failure = toLlmError(error);
      // What a reader has seen, which may be less than what a backend had written.
      const partial = this.#context.sink && (this.committed || failure.partial !== undefined) ? { partial: this.said } : undefined;
      const whole = failure.with({ attempts: this.attempts, ...partial });
      this.#events.end(told({ ok: false, failure: whole }), this.#soFar);
      throw whole;
    }
  }

  /** What fails for a deploy alone, before a reader has seen anything, is asked again when the new nodes run: by the stage that all others wait for. */
  async #throughDeploys(handle: (request: StageRequest) => Promise<LlmMessage>): Promise<LlmMessage> {
    for (let turn = 1; ; turn++) {
      try {
        return await handle(this);
      } catch (error) {
        const failure = this.#blamed(toLlmError(error));
        const mayCome = failure.cause.redeployed === true && turn < maxTurns && topFrame(this.msg) === undefined && !this.committed;
        if (!mayCome || !(await this.#newNodes())) throw failure;
        this.#hasMetDeploy = false;
        // What a deploy has spoilt was no try of theirs.
        this.attempts.length = 0;
      }
    }
  }

  /** With a branch missing, or its own node closing, whatever a stage says of its branches is the deploy's fault. */
  #blamed(failure: LlmError): LlmError {
    const { RED, closing, signal } = this.#context;
    const isSpoilt = this.#hasMetDeploy || (closing.aborted && deploysOf(RED).state === 'deploying');
    if (!isSpoilt || this.committed || signal.aborted || !policyFor(failure.kind).nextBranch) return failure;
    return failure.with({ redeployed: true, retryAfterMs: 1_000 });
  }

  /** Resolves when the deploy is over: true where the node is still there to ask. */
  async #newNodes(): Promise<boolean> {
    const { RED, closing, signal } = this.#context;
    const isThere = !closing.aborted && (await deploysOf(RED).over(AbortSignal.any([closing, signal]), holdMsOf(RED)));
    return isThere && !closing.aborted && !signal.aborted;
  }

  /** True once a reader has seen a token: another branch would then be another answer. */
  get committed(): boolean {
    return this.#committed;
  }

  /** The text that a reader has seen so far. */
  get said(): string {
    return this.#said.text;
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
    this.#said = new GrowingText();
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
    const { RED, node, send, closing } = this.#context;
    const copy = new StageRequest(this.msg, { RED, node, send, closing, signal: closing, sink: undefined, deadline: Infinity }, { id: this.#events.id });
    // Whatever becomes of it is told on the bus.
    copy.attempt(branch, { timeoutMs, shadow: true }).catch(() => undefined);
  }

  /**
   * Sends the request into a branch and resolves with the message that comes back, its frames as they were.
   * @throws LlmError of the branch, or of its time limit
   */
  async attempt(branch: Branch, options: AttemptOptions): Promise<LlmMessage> {
    const startedAt = performance.now();
    this.#saidBefore = this.said;
    this.#isTelling = false;
    const outcome = await this.#outcomeOf(branch, options);
    const ms = performance.now() - startedAt;
    this.#record(branch, outcome, ms);
    if (!outcome.ok) {
      this.#hasMetDeploy ||= outcome.failure.cause.redeployed === true;
      throw outcome.failure;
    }
    const { msg } = outcome;
    if (msg.completion) msg.completion = this.#clocked(msg.completion, startedAt);
    await this.#writeWhole(msg);
    return this.#restored(msg);
  }

  async #outcomeOf(branch: Branch, { timeoutMs, msg = this.msg, shadow = false, hasAlternative: here }: AttemptOptions): Promise<Outcome> {
    const { RED, node, send, signal, hasAlternative: above } = this.#context;
    const { port } = branch;
    const behind = lookBehind(RED, node, port, msg);
    const refusal = this.#refusal(branch, port, behind);
    if (refusal) return this.#refused(branch, shadow, refusal);
    // What cannot be cloned fails before a call waits for it. A copy on trial lives on when the answer has left.
    const sent = shadow ? RED.util.cloneMessage(msg) : copyFor(RED, node, port, msg);
    const limit = new AttemptLimit(signal, timeoutMs, branch);
    const { id, frame, outcome } = calls.open(node.id, {
      msg: this.msg,
      signal: limit.signal,
      sink: this.#sink(),
      deadline: Math.min(this.#context.deadline, limit.deadline),
      isLost: () => hasChanged(behind, lookBehind(RED, node, port, msg)),
      hasAlternative: (kind) => (here?.(kind) ?? false) || (above?.(kind) ?? false),
    });
    sent._llmCalls = [...this.#frames, frame];
    const tellEnd = this.#events.tryBranch(id, branch.name, shadow);
    send(atPort(port, sent));
    const settled = await outcome;
    limit.end();
    const result: Outcome = settled.ok ? settled : { ok: false, failure: this.#explained(settled.failure, branch) };
    tellEnd(result);
    return result;
  }

  #refused(branch: Branch, shadow: boolean, failure: LlmError): Outcome {
    const outcome: Outcome = { ok: false, failure };
    this.#events.refuseBranch(`${this.#events.id}-${this.attempts.length}`, branch.name, shadow, outcome);
    return outcome;
  }

  #refusal(branch: Branch, port: number, behind: Behind): LlmError | undefined {
    const { RED, node, signal } = this.#context;
    if (signal.aborted) return signal.reason as LlmError;
    if (!isWired(node, port)) {
      return new LlmError('misconfigured', `The ${nounFor(branch)} is not wired.`, { hint: 'Wire its port to a backend, or remove its row.' });
    }
    if (behind.nodes.includes(node)) return loop(`The ${nounFor(branch)}`);
    // In the middle of a deploy the message would be lost on its way to the first node that answers for it.
    const isLost = behind.missing.size > 0 && deploysOf(RED).state === 'deploying' && isBroken(RED, node, port, this.msg, ({ id }) => llmNode(id) !== undefined);
    if (!isLost && wiredTo(RED, node, port).length > 0) return undefined;
    return notRunning(RED, branch);
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
    for (const part of parts) if (part.type === 'text') this.#said.append(part.text);
  }

  /** Foreign nodes give no tokens: their answer is one. */
  async #writeWhole({ completion }: LlmMessage): Promise<void> {
    if (this.#isTelling || !completion?.text) return;
    await this.#sink()?.write([{ type: 'text', text: completion.text }]);
  }

  /** The times count from when the stage got the request. */
  #clocked(completion: Completion, attemptedAt: number): Completion {
    const { queuedMs, firstTokenMs, ...timing } = completion.timing;
    return {
      ...completion,
      timing: {
        ...timing,
        queuedMs: queuedMs + this.#queuedMs,
        ...(firstTokenMs !== undefined && { firstTokenMs: firstTokenMs + attemptedAt - this.#startedAt }),
        totalMs: performance.now() - this.#startedAt,
      },
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

  get #soFar() {
    return { ms: performance.now() - this.#startedAt, queuedMs: this.#queuedMs, attempts: this.attempts.length };
  }
}

function notRunning(RED: NodeAPI, branch: Branch): LlmError {
  if (deploysOf(RED).state !== 'deploying') {
    return new LlmError('unavailable', `The nodes of the ${nounFor(branch)} do not run.`, { hint: 'They are disabled or of an unknown type.' });
  }
  return new LlmError('unavailable', `The nodes of the ${nounFor(branch)} are being deployed anew.`, { hint: 'Send the request again.', retryAfterMs: 1_000, redeployed: true });
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
