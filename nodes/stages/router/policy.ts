/** Chooses one branch for each request, by shares or by rules, and copies requests to branches on trial. */
import type { Completion } from '../../core/completion.ts';
import { type FailureKind, LlmError, policyFor, toLlmError } from '../../core/errors.ts';
import type { LlmMessage } from '../../runtime/calls.ts';
import type { Stage, StagePolicy } from '../../runtime/stage-node.ts';
import type { Branch } from '../../runtime/branch.ts';
import type { StageRequest } from '../../runtime/stage-request.ts';

export interface RouterRow extends Branch {
  /** Whether it gets copies, whose answers are measured and thrown away. */
  readonly shadow: boolean;
  /** Whether a failure leads on to the next row. */
  readonly onFailure: 'fail' | 'next';
}

/** How a router decides. */
export interface Choice<Row extends RouterRow> {
  /** The row that answers; undefined where none fits. @throws LlmError where it cannot tell */
  choose(rows: readonly Row[], msg: LlmMessage): Promise<Row | undefined>;
  /** Whether a shadow row gets a copy. @throws LlmError where it cannot tell */
  copies(row: Row, msg: LlmMessage): Promise<boolean>;
}

export class RouterPolicy<Row extends RouterRow> implements StagePolicy {
  readonly branches: readonly Row[];
  readonly #answering: readonly Row[];
  readonly #shadows: readonly Row[];
  readonly #choice: Choice<Row>;
  readonly #timeoutMs: number;
  readonly #stage: Stage;

  constructor(rows: readonly Row[], choice: Choice<Row>, timeoutMs: number, stage: Stage) {
    this.branches = rows;
    this.#answering = rows.filter(({ shadow }) => !shadow);
    this.#shadows = rows.filter(({ shadow }) => shadow);
    this.#choice = choice;
    this.#timeoutMs = timeoutMs;
    this.#stage = stage;
  }

  async handle(request: StageRequest): Promise<LlmMessage> {
    const { msg } = request;
    for (const row of this.#shadows) {
      // A branch on trial fails nobody's request, not even by its rule.
      if (await this.#choice.copies(row, msg).catch(() => false)) request.shadow(row, this.#timeoutMs);
    }
    const first = await this.#choice.choose(this.#answering, msg);
    if (!first) throw new LlmError('not_found', 'No rule of the router fits this request.', { hint: 'Add a row for all others.' });
    return this.#try(first, this.#following(first), request);
  }

  async #try(row: Row, following: readonly Row[], request: StageRequest): Promise<LlmMessage> {
    const [next, ...rest] = following;
    try {
      const hasAlternative = (kind: FailureKind) => policyFor(kind).nextBranch && this.#leadsToFree(row, following);
      const answer = await request.attempt(row, { timeoutMs: this.#timeoutMs, hasAlternative });
      if (answer.completion) answer.completion = routed(answer.completion, row);
      return answer;
    } catch (error) {
      const failure = toLlmError(error);
      const goesOn = row.onFailure === 'next' && policyFor(failure.kind).nextBranch && !request.committed && !request.signal.aborted;
      if (!next || !goesOn) throw failure;
      return this.#try(next, rest, request);
    }
  }

  /** Whether failures lead on, row by row, to one that is free. */
  #leadsToFree(row: Row, [next, ...rest]: readonly Row[]): boolean {
    if (row.onFailure === 'fail' || !next) return false;
    return this.#stage.refusalOf(next) === undefined || this.#leadsToFree(next, rest);
  }

  /** The other rows, from the one below it round to the one above. */
  #following(row: Row): Row[] {
    const at = this.#answering.indexOf(row);
    return [...this.#answering.slice(at + 1), ...this.#answering.slice(0, at)];
  }
}

function routed(completion: Completion, { name }: Branch): Completion {
  return { ...completion, route: completion.route ? `${name} / ${completion.route}` : name };
}
