/** What an endpoint says beside the status of a failure, and failures with a status of their own. */
import { type FailureKind, LlmError } from '../core/errors.ts';

/** Whether asking again is in vain though the status, 502, says otherwise to clients: these need somebody to look after the account or the flow. */
export function isInVain(kind: FailureKind): boolean {
  return kind === 'auth' || kind === 'quota' || kind === 'misconfigured';
}

/** A failure that has a status of its own, for it happened before the flow was asked. */
export class Refusal extends LlmError {
  readonly httpStatus: number;

  constructor(httpStatus: number, kind: FailureKind, message: string, hint?: string, retryAfterMs?: number) {
    super(kind, message, { hint, retryAfterMs });
    this.httpStatus = httpStatus;
  }
}
