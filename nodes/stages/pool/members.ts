/** The members of a pool: what each has under way, how fast it is, and whether it may be asked now. */
import { DecayingLatency, type Member } from '../../core/balancing.ts';
import { Breaker } from '../../core/breaker.ts';
import { type LlmError, policyFor, toLlmError } from '../../core/errors.ts';
import type { Branch } from '../../runtime/branch.ts';

export interface MemberOptions extends Branch {
  readonly weight: number;
  /** 0 means no bound. */
  readonly maxConcurrent: number;
}

export interface BreakerLimits {
  readonly breakerFailures: number;
  readonly breakerOpenMs: number;
}

/** A failure may come fast; to whom it goes by speed it is a slow answer. */
const failureCountsMs = 10_000;

export class PoolMember implements Branch, Member {
  readonly port: number;
  readonly name: string;
  readonly weight: number;
  #busy = 0;
  /** True where it gets no new requests. */
  isDrained = false;
  #taken = 0;
  readonly #maxConcurrent: number;
  readonly #latency = new DecayingLatency();
  readonly #breaker: Breaker;
  /** After a rate limit: until when it is left alone, on the clock of `performance.now`. */
  #coolUntil = -Infinity;

  constructor({ port, name, weight, maxConcurrent }: MemberOptions, limits: BreakerLimits, onBreaker: () => void) {
    this.port = port;
    this.name = name;
    this.weight = weight;
    this.#maxConcurrent = maxConcurrent || Infinity;
    this.#breaker = new Breaker({ failures: limits.breakerFailures, openMs: limits.breakerOpenMs, counts: (kind) => policyFor(kind).countsOut, onChange: onBreaker });
  }

  get latencyMs(): number | undefined {
    return this.#latency.ms;
  }

  get isFull(): boolean {
    return this.#busy >= this.#maxConcurrent;
  }

  /** True while it is left alone: it has failed too often, or asked for a pause. */
  get isResting(): boolean {
    return this.#breaker.isRefusing || this.#coolUntil > performance.now();
  }

  /** It is asked again, whatever it was left alone for. */
  endRest(): void {
    this.#coolUntil = -Infinity;
    this.#breaker.reset();
  }

  /** Under way. */
  get busy(): number {
    return this.#busy;
  }

  /** Requests that it got so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a place for a request. */
  take(): void {
    this.#busy++;
    this.#taken++;
  }

  /** Runs an attempt in the place that was taken, and gives the place back. @throws LlmError */
  async run<T>(attempt: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const answer = await this.#breaker.execute(attempt);
      this.#latency.record(performance.now() - startedAt);
      return answer;
    } catch (error) {
      this.#heed(toLlmError(error));
      throw error;
    } finally {
      this.#busy--;
    }
  }

  #heed({ kind, retryAfterMs = 0 }: LlmError): void {
    if (policyFor(kind).nextBranch) this.#latency.record(failureCountsMs);
    if (kind === 'rate_limit') this.#coolUntil = Math.max(this.#coolUntil, performance.now() + retryAfterMs);
  }
}
