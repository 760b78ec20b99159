/** The node of a stage: takes a request in, lets its policy try branches, and hands the outcome on. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { BackendIdentity, TokenSink } from '../core/completion.ts';
import { type FailureKind, LlmError, policyFor, toLlmError } from '../core/errors.ts';
import { bus } from '../core/events.ts';
import { refuseUnset } from '../core/variables.ts';
import type { LlmMessage } from './calls.ts';
import { asProblem } from './connection.ts';
import { watchForeignNodes } from './foreign-nodes.ts';
import { InFlight } from './in-flight.ts';
import { askNode } from './ask-node.ts';
import { announce, type Asked, type Asking, type BranchState, canvasIdOf, identityOf, llmNode, type LlmNode, type MemberState } from './llm-nodes.ts';
import { type Done, Reply, type Send } from './reply.ts';
import type { Branch } from './branch.ts';
import { registerNode } from './register.ts';
import { atPort, type StageContext, StageRequest } from './stage-request.ts';
import { writesIntoNoValue } from './shared-messages.ts';
import { type StageFacts, StatusLine, statusOfStage } from './status.ts';
import { TokenPort } from './token-port.ts';
import { isWired, lookBehind } from './wires.ts';
import { duration } from '../core/units.ts';

export interface StageConfig extends NodeDef {
  /** Whether tokens leave by a last port as they come. */
  stream?: boolean;
}

/** What tells one stage from another: which branches it tries, and when it gives up. */
export interface StagePolicy {
  readonly branches: readonly Branch[];
  /** Resolves with the message that a branch gave back. @throws LlmError when the stage gives up */
  handle(request: StageRequest): Promise<LlmMessage>;
  /** Where the policy itself may leave a branch alone: why, beside what {@link Stage.refusalOf} tells. */
  restOf?(branch: Branch): FailureKind | undefined;
  /** Ends a rest that the policy itself gives a branch. */
  endRest?(branch: Branch): void;
  /** Where branches are members that share the work: how it goes with one. */
  memberOf?(branch: Branch): MemberState;
  /** Whether a member gets no new requests. False where there is no such member. */
  drain?(member: string, isDrained: boolean): boolean;
  /** Requests that wait for their turn. */
  readonly waiting?: number;
  /** What else the line under the node is to say, in a few words. */
  readonly note?: string | undefined;
}

/** What a policy may ask of its node. */
export interface Stage {
  readonly RED: NodeAPI;
  readonly node: Node;
  /** Shows the policy's status anew. */
  update(): void;
  /** Why the first backend or stage in the branch would turn a request away, or is known to be down; or that there is none. */
  refusalOf(branch: Branch): FailureKind | undefined;
}

export interface StageDefinition<Config extends StageConfig> {
  readonly type: string;
  /** @throws LlmError or RangeError for settings that cannot work */
  policy(config: Config, stage: Stage): StagePolicy;
}

export function registerStage<Config extends StageConfig>(RED: NodeAPI, definition: StageDefinition<Config>): void {
  bus.reportTo((error) => RED.log.error(`A listener of the LLM events failed: ${String(error)}`));
  watchForeignNodes(RED);
  registerNode<Config>(RED, definition.type, (node, config) => new StageNode(RED, node, config, definition));
}

class StageNode<Config extends StageConfig> implements Stage, LlmNode {
  readonly identity: BackendIdentity;
  readonly canvasId: string | undefined;
  readonly kind = 'stage';
  readonly models = [];
  readonly RED: NodeAPI;
  readonly node: Node;
  readonly #stream: boolean;
  readonly #inFlight: InFlight;
  readonly #status: StatusLine;
  readonly #policy: StagePolicy | undefined;
  readonly #problem: LlmError | undefined;
  readonly #leave: () => void;
  readonly #closing = new AbortController();
  readonly #unsubscribe: ReadonlyArray<() => void>;
  #last: StageFacts['last'];
  #isAsked = false;

  constructor(RED: NodeAPI, node: Node, config: Config, definition: StageDefinition<Config>) {
    this.RED = RED;
    this.node = node;
    this.identity = identityOf(node);
    this.canvasId = canvasIdOf(node);
    this.#stream = config.stream ?? false;
    this.#inFlight = new InFlight(RED);
    this.#status = new StatusLine(node, () => statusOfStage(this.#facts()));
    try {
      refuseUnset(config);
      this.#policy = definition.policy(config, this);
    } catch (error) {
      this.#problem = asProblem(error);
    }
    this.#leave = announce(this);
    // What becomes of a backend may change what a stage says of its branches.
    this.#unsubscribe = [bus.on('breaker', () => this.update()), bus.on('health', () => this.update())];
    this.update();
    writesIntoNoValue(node);
    node.on('input', (msg, send, done) => {
      // Only Node-RED itself can fail there, and a stray rejection would end it.
      this.#receive(msg, send, done).catch((error: unknown) => RED.log.error(`${node.type} could not hand on a message: ${String(error)}`));
    });
    node.on('close', (done: () => void) => void this.#close().then(done));
  }

  update(): void {
    this.#status.update();
  }

  refusalOf(branch: Branch): FailureKind | undefined {
    if (!isWired(this.node, branch.port)) return 'misconfigured';
    for (const { id } of lookBehind(this.RED, this.node, branch.port, {}).nodes) {
      const next = llmNode(id);
      if (next) return next.refusal;
    }
    return undefined;
  }

  /** As the stage above sees it: a stage refuses where all of its branches do. */
  get refusal(): FailureKind | undefined {
    // Wires in a circle must not make the question one.
    if (this.#problem) return this.#problem.kind;
    if (this.#isAsked) return undefined;
    this.#isAsked = true;
    const refusals = this.branches.map(({ refusal }) => refusal);
    this.#isAsked = false;
    return refusals.every((kind) => kind !== undefined) ? refusals[0] : undefined;
  }

  get branches(): BranchState[] {
    const policy = this.#policy;
    return (
      policy?.branches.map((branch) => {
        const member = policy.memberOf?.(branch);
        return { name: branch.name, refusal: policy.restOf?.(branch) ?? this.refusalOf(branch), ...(member && { member }) };
      }) ?? []
    );
  }

  get isMisconfigured(): boolean {
    return this.#problem !== undefined;
  }

  ask(msg: LlmMessage, how: Asking): Asked {
    return askNode(this.node, this, msg, how);
  }

  drain(member: string, isDrained: boolean): boolean {
    return this.#policy?.drain?.(member, isDrained) ?? false;
  }

  get isResting(): boolean {
    const policy = this.#policy;
    return policy?.branches.some((branch) => policy.restOf?.(branch) === 'circuit_open') ?? false;
  }

  reset(backend?: string): void {
    const policy = this.#policy;
    for (const branch of policy?.branches ?? []) {
      if (backend === undefined || lookBehind(this.RED, this.node, branch.port, {}).nodes.some(({ id }) => id === backend)) policy?.endRest?.(branch);
    }
    this.update();
  }

  get busy(): number {
    return this.#inFlight.size - this.waiting;
  }

  get waiting(): number {
    return this.#policy?.waiting ?? 0;
  }

  async #receive(msg: LlmMessage, send: Send, done: Done): Promise<void> {
    const reply = new Reply(this.RED, this.node, msg, send, done);
    if (reply.isAbandoned) {
      reply.drop();
      return;
    }
    await this.#inFlight.run(async (controller) => {
      this.update();
      try {
        reply.refuseLoop();
        reply.succeed(await this.#handle(msg, send, reply, controller));
      } catch (error) {
        const failure = toLlmError(error);
        this.#last = { ok: false, kind: failure.kind };
        reply.fail(failure);
      }
    }, reply.signal);
    // Only now it is no longer under way.
    this.update();
  }

  async #handle(msg: LlmMessage, send: Send, reply: Reply, controller: AbortController): Promise<LlmMessage> {
    const policy = this.#policy;
    if (!policy) throw this.#problem;
    const tokens = policy.branches.length + 1;
    const port = this.#stream && !reply.isTrial && isWired(this.node, tokens) ? new TokenPort(this.RED, msg, (token) => send(atPort(tokens, token))) : undefined;
    const startedAt = performance.now();
    const limit = new RequestLimit(msg, controller);
    const context: StageContext = {
      RED: this.RED,
      node: this.node,
      send,
      signal: controller.signal,
      closing: this.#closing.signal,
      sink: tee(reply.sink, port),
      deadline: Math.min(reply.deadline, limit.deadline),
      hasAlternative: (kind) => reply.hasAlternative(kind),
    };
    const request = new StageRequest(msg, context, reply.place);
    try {
      const answer = await request.answer((asked) => policy.handle(asked));
      if (answer.completion) port?.end(answer.completion);
      const [branch = ''] = request.attempts.at(-1)?.branch?.split(' / ') ?? [];
      this.#last = { ok: true, branch, totalMs: performance.now() - startedAt, failedOver: request.attempts.some(({ outcome }) => outcome !== 'ok') };
      return answer;
    } catch (error) {
      port?.fail();
      throw this.#withUnwired(toLlmError(error));
    } finally {
      limit.end();
    }
  }

  /** A branch that could have helped, were it wired, is told with the failure of the others. */
  #withUnwired(failure: LlmError): LlmError {
    const unwired = this.#policy?.branches.filter(({ port }) => !isWired(this.node, port)) ?? [];
    if (unwired.length === 0 || unwired.length === this.#policy?.branches.length || !policyFor(failure.kind).nextBranch) return failure;
    const names = unwired.map(({ name }) => name).join(', ');
    const told = unwired.length === 1 ? `The branch ${names} is not wired.` : `The branches ${names} are not wired.`;
    if (failure.message.includes(told)) return failure;
    return failure.with({ hint: [failure.hint, told].filter(Boolean).join(' ') });
  }

  #facts(): StageFacts {
    const { busy, waiting } = this;
    return { busy, waiting, note: this.#policy?.note, problem: this.isMisconfigured, last: this.#last };
  }

  async #close(): Promise<void> {
    this.#leave();
    this.#closing.abort(new LlmError('cancelled', 'The node closes.'));
    await this.#inFlight.drain();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#status.close();
  }
}

/** The time that the message itself sets, with `msg.llm.timeoutMs`. */
class RequestLimit {
  readonly deadline: number = Infinity;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor({ llm }: LlmMessage, controller: AbortController) {
    const { timeoutMs } = (llm ?? {}) as { timeoutMs?: unknown };
    // What is no number of ms is left for the backend to refuse.
    if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= longestTimerMs)) return;
    this.deadline = performance.now() + timeoutMs;
    const late = () => new LlmError('timeout', `No answer within the ${duration(timeoutMs)} of msg.llm.timeoutMs.`, { hint: 'Give the request more time.' });
    this.#timer = setTimeout(() => controller.abort(late()), timeoutMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Beyond it, Node.js's timers run out at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Tokens for two readers: the slower one holds the provider back. */
function tee(first: TokenSink | undefined, second: TokenSink | undefined): TokenSink | undefined {
  if (!first || !second) return first ?? second;
  return {
    write: async (parts) => {
      await Promise.all([first.write(parts), second.write(parts)]);
    },
    ...(first.restart &&
      second.restart && {
        restart: async () => {
          await Promise.all([first.restart?.(), second.restart?.()]);
        },
      }),
  };
}
