/** Shares requests out among its members, lets them wait where all are full, and goes on to another where one fails. */
import { type Choose, createBalancer } from '../../core/balancing.ts';
import { type FailureKind, LlmError, policyFor, toLlmError } from '../../core/errors.ts';
import type { Strategy } from '../../core/stage-settings.ts';
import { WaitingLine } from '../../core/waiting-line.ts';
import type { LlmMessage } from '../../runtime/calls.ts';
import type { MemberState } from '../../runtime/llm-nodes.ts';
import type { Stage, StagePolicy } from '../../runtime/stage-node.ts';
import type { StageRequest } from '../../runtime/stage-request.ts';
import type { StickyKey } from '../../runtime/sticky-key.ts';
import type { PoolMember } from './members.ts';
import { duration } from '../../core/units.ts';

export interface PoolOptions {
  readonly strategy: Strategy;
  readonly stickyKey: StickyKey | undefined;
  /** How many members one request may try. */
  readonly attempts: number;
  /** Of one attempt; 0 for none. */
  readonly timeoutMs: number;
  readonly maxQueued: number;
  /** How long a request waits for a place at most; 0 for no limit. */
  readonly queueTimeoutMs: number;
}

/** Members rest or go down and come back by themselves: how soon those who wait take notice. */
const lookAgainMs = 1000;

export class PoolPolicy implements StagePolicy {
  readonly branches: readonly PoolMember[];
  readonly #options: PoolOptions;
  readonly #stage: Stage;
  readonly #choose: Choose<PoolMember>;
  readonly #line: WaitingLine<PoolMember>;
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(members: readonly PoolMember[], options: PoolOptions, stage: Stage) {
    this.branches = members;
    this.#options = options;
    this.#stage = stage;
    this.#choose = createBalancer(options.strategy, members);
    this.#line = new WaitingLine({ maxWaiting: options.maxQueued, full, late });
  }

  /** Requests that wait for a place. */
  get waiting(): number {
    return this.#line.length;
  }

  get note(): string | undefined {
    const { length } = this.branches;
    const drained = this.branches.filter(({ isDrained }) => isDrained).length;
    const out = this.branches.filter((member) => !member.isDrained && this.#isOut(member)).length;
    const notes = [out > 0 && `${out} of ${length} down`, drained > 0 && `${drained} of ${length} drained`].filter(Boolean);
    return notes.length > 0 ? notes.join(', ') : undefined;
  }

  restOf(member: PoolMember): FailureKind | undefined {
    if (member.isDrained) return 'unavailable';
    return member.isResting ? 'circuit_open' : undefined;
  }

  endRest(member: PoolMember): void {
    member.endRest();
    this.#serve();
  }

  memberOf({ busy, isDrained, taken }: PoolMember): MemberState {
    const all = this.branches.reduce((sum, member) => sum + member.taken, 0);
    return { busy, isDrained, sharePercent: all === 0 ? 0 : (taken / all) * 100 };
  }

  drain(name: string, isDrained: boolean): boolean {
    const member = this.branches.find((branch) => branch.name === name);
    if (!member) return false;
    member.isDrained = isDrained;
    // Those who wait for this one alone wait in vain, or no more.
    this.#serve();
    this.#stage.update();
    return true;
  }

  async handle(request: StageRequest): Promise<LlmMessage> {
    const key = await this.#options.stickyKey?.read(request.msg);
    const left = new Set(this.branches);
    let failure: LlmError | undefined;
    for (let attempt = 1; attempt <= this.#options.attempts && left.size > 0; attempt++) {
      const member = await this.#take(left, key, request).catch((error: unknown) => {
        // Who went away, and whose time is over, is told so, whatever a member has said before.
        throw request.signal.aborted || toLlmError(error).kind === 'shed' ? error : (failure ?? error);
      });
      left.delete(member);
      try {
        const hasAlternative = (kind: FailureKind) => policyFor(kind).nextBranch && attempt < this.#options.attempts && this.#hasFree(left);
        return await member.run(() => request.attempt(member, { timeoutMs: this.#options.timeoutMs, hasAlternative }));
      } catch (error) {
        failure = toLlmError(error);
        if (!policyFor(failure.kind).nextBranch || request.committed || request.signal.aborted) throw failure;
      } finally {
        this.#serve();
      }
    }
    throw failure ?? new Error('A pool has at least one member and tries at least once.');
  }

  /** Takes a place at one of the members, at once or when it is this request's turn. @throws LlmError */
  async #take(among: ReadonlySet<PoolMember>, key: string | undefined, request: StageRequest): Promise<PoolMember> {
    const tryGrant = () => this.#tryTake(among, key);
    const taken = this.#line.length === 0 ? tryGrant() : undefined;
    if (taken) return taken;
    const since = performance.now();
    const turn = this.#line.wait({ priority: priorityOf(request.msg), signal: request.signal, timeoutMs: this.#options.queueTimeoutMs, tryGrant });
    // Those before it may wait for other members.
    this.#serve();
    const member = await turn;
    request.waited(performance.now() - since);
    return member;
  }

  #serve(): void {
    this.#line.serve();
    if (this.#line.length === 0 || this.#lookAgain) return;
    this.#lookAgain = setTimeout(() => {
      this.#lookAgain = undefined;
      this.#serve();
    }, lookAgainMs).unref();
  }

  /** Undefined where all that may be asked are full. @throws LlmError where none may be asked */
  #tryTake(among: ReadonlySet<PoolMember>, key: string | undefined): PoolMember | undefined {
    const up = this.branches.filter((member) => among.has(member) && !this.#isOut(member));
    if (up.length === 0) throw allOut();
    const free = up.filter(({ isFull }) => !isFull);
    if (free.length === 0) return undefined;
    const member = this.#choose(free, key);
    member.take();
    return member;
  }

  #hasFree(among: ReadonlySet<PoolMember>): boolean {
    return [...among].some((member) => !member.isFull && !this.#isOut(member));
  }

  #isOut(member: PoolMember): boolean {
    return member.isDrained || member.isResting || this.#stage.refusalOf(member) !== undefined;
  }
}

/** What is no number is left for the backend to refuse. */
function priorityOf({ llm }: LlmMessage): number {
  const { priority } = (llm ?? {}) as { priority?: unknown };
  return typeof priority === 'number' && !Number.isNaN(priority) ? priority : 0;
}

function full(): LlmError {
  return new LlmError('shed', 'All members of the pool are busy and its queue is full.', { hint: 'Raise Most waiting, add a member, or send requests more slowly.' });
}

function late(timeoutMs: number): LlmError {
  return new LlmError('shed', `No member of the pool had a place within ${duration(timeoutMs)}.`, { hint: 'Raise Wait at most, add a member, or send requests more slowly.' });
}

function allOut(): LlmError {
  return new LlmError('unavailable', 'No member of the pool can be asked: all are down, drained or rest after failures.', {
    hint: 'Those that failed are tried again by themselves; look at the nodes in the branches meanwhile.',
  });
}
