/** Tries its branches in order: the next one when one fails in a way that its row lets pass. */
import { continuationOf, joinContinuation } from '../../core/continuation.ts';
import { type FailureKind, type LlmError, toLlmError } from '../../core/errors.ts';
import type { LlmMessage } from '../../runtime/calls.ts';
import type { Stage, StagePolicy } from '../../runtime/stage-node.ts';
import type { Branch } from '../../runtime/branch.ts';
import type { StageRequest } from '../../runtime/stage-request.ts';

export interface FallbackRow extends Branch {
  /** The kinds of failure that lead on to the next row. */
  readonly on: ReadonlySet<FailureKind>;
  /** For an attempt in this branch; 0 for none of its own. */
  readonly timeoutMs: number;
}

/** What to do when a branch breaks off and a reader has seen a part of its answer. */
export type AfterFirstToken = 'fail' | 'continue' | 'restart';

export class FallbackPolicy implements StagePolicy {
  readonly branches: readonly FallbackRow[];
  readonly #afterFirstToken: AfterFirstToken;
  readonly #stage: Stage;

  constructor(branches: readonly FallbackRow[], afterFirstToken: AfterFirstToken, stage: Stage) {
    this.branches = branches;
    this.#afterFirstToken = afterFirstToken;
    this.#stage = stage;
  }

  async handle(request: StageRequest): Promise<LlmMessage> {
    let { msg } = request;
    let failure: LlmError | undefined;
    for (const row of this.branches) {
      const refusal = this.#stage.refusalOf(row);
      // What is not set up fails at once where it is asked, and says why.
      if (refusal && refusal !== 'misconfigured' && row.on.has(refusal) && this.#isFreeAfter(row)) {
        request.skip(row, refusal);
        continue;
      }
      if (failure && request.committed) msg = await this.#goOn(request, failure);
      const { said } = request;
      try {
        const hasAlternative = (kind: FailureKind) => row.on.has(kind) && this.#isFreeAfter(row);
        const answer = await request.attempt(row, { timeoutMs: row.timeoutMs, msg, hasAlternative });
        return said === '' ? answer : joined(said, answer);
      } catch (error) {
        failure = toLlmError(error);
        if (!row.on.has(failure.kind) || request.signal.aborted) throw failure;
      }
    }
    throw failure ?? new Error('A fallback has at least one row, and the last one is never skipped.');
  }

  #isFreeAfter(row: FallbackRow): boolean {
    return this.branches.slice(this.branches.indexOf(row) + 1).some((later) => !this.#stage.refusalOf(later));
  }

  /** What to ask the next branch once a reader has seen a part of the answer. @throws the failure where that is the end */
  async #goOn(request: StageRequest, failure: LlmError): Promise<LlmMessage> {
    switch (this.#afterFirstToken) {
      case 'fail':
        throw failure;
      case 'restart':
        if (!request.canRestart) throw failure;
        await request.restart();
        return request.msg;
      case 'continue': {
        const { payload, llm } = request.msg;
        const rest = continuationOf(payload, request.said, (llm as { tools?: unknown } | undefined)?.tools);
        if (!rest) throw failure;
        return { ...request.msg, payload: rest };
      }
    }
  }
}

function joined(said: string, answer: LlmMessage): LlmMessage {
  if (!answer.completion) return answer;
  answer.completion = joinContinuation(said, answer.completion);
  answer.payload = answer.completion.text;
  return answer;
}
