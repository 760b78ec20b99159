/** A branch of a stage, and the time that an attempt in it may take. */
import { LlmError } from '../core/errors.ts';
import { duration } from '../core/units.ts';

/** The wires that leave a stage by one port, up to where the answer returns. */
export interface Branch {
  /** The output that it leaves by. */
  readonly port: number;
  /** Empty where a stage has but one. */
  readonly name: string;
}

/** A stage with one branch has no name for it. */
export function nounFor({ name }: Branch): string {
  return name === '' ? 'flow' : `branch ${name}`;
}

/** Aborts what still runs in a branch whose outcome is there. */
const over = new LlmError('cancelled', 'Another outcome came first.');

/** Ends an attempt with its time, or with its request. */
export class AttemptLimit {
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
  return new LlmError('timeout', `The ${nounFor(branch)} gave no answer within ${duration(timeoutMs)}.`, {
    hint: 'Raise its time limit, or look where its nodes lose the message: a branch of other nodes ends with llm-return.',
  });
}
