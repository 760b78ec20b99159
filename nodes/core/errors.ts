/**
 * The one error of the palette. Its kind decides what happens next: retry here, trip the breaker, try the next branch.
 */
import type { AttemptRecord } from './completion.ts';
import { withoutUndefined } from './without-undefined.ts';

/** Every way a request can fail. */
export const failureKinds = [
  'auth',
  'quota',
  'rate_limit',
  'overloaded',
  'unavailable',
  'timeout',
  'server',
  'out_of_memory',
  'interrupted',
  'context_length',
  'not_found',
  'invalid_request',
  'content_filter',
  'shed',
  'circuit_open',
  'budget',
  'misconfigured',
  'cancelled',
] as const;

export type FailureKind = (typeof failureKinds)[number];

/** What a kind of failure leads to. A retry only ever happens before the first token. */
export interface FailurePolicy {
  readonly retry: boolean;
  readonly tripsBreaker: boolean;
  readonly nextBranch: boolean;
  /** Where another branch is free it is tried at once, and what may be retried is not retried here. */
  readonly leadsOnAtOnce: boolean;
  /** Whether a pool leaves a member alone that fails so again and again. */
  readonly countsOut: boolean;
}

const stop: FailurePolicy = { retry: false, tripsBreaker: false, nextBranch: false, leadsOnAtOnce: false, countsOut: false };
const moveOn: FailurePolicy = { ...stop, nextBranch: true };
const tripAndMoveOn: FailurePolicy = { ...moveOn, tripsBreaker: true, countsOut: true };
const retryThenMoveOn: FailurePolicy = { ...tripAndMoveOn, retry: true };
const moveOnElseRetry: FailurePolicy = { ...retryThenMoveOn, leadsOnAtOnce: true };

const policies: Record<FailureKind, FailurePolicy> = {
  auth: moveOn,
  quota: moveOn,
  rate_limit: { ...moveOn, retry: true },
  overloaded: moveOnElseRetry,
  unavailable: moveOnElseRetry,
  timeout: tripAndMoveOn,
  server: retryThenMoveOn,
  out_of_memory: tripAndMoveOn,
  interrupted: tripAndMoveOn,
  context_length: moveOn,
  not_found: moveOn,
  invalid_request: stop,
  content_filter: stop,
  shed: moveOn,
  circuit_open: moveOn,
  budget: moveOn,
  misconfigured: { ...moveOn, countsOut: true },
  cancelled: stop,
};

export function policyFor(kind: FailureKind): FailurePolicy {
  return policies[kind];
}

export interface FailureDetails {
  /** The HTTP status, where the provider gave one. */
  status?: number | undefined;
  provider?: string | undefined;
  /** How long the provider asked us to wait. */
  retryAfterMs?: number | undefined;
  /** The provider's own word on whether to try again; it wins over the kind. */
  retryable?: boolean | undefined;
  /** The sentence that a person needs next. */
  hint?: string | undefined;
  /** The answer's text up to the failure, where tokens had been handed out. Never logged. */
  partial?: string | undefined;
  /** What was tried before it was given up, in order. */
  attempts?: AttemptRecord[] | undefined;
  /** True where a deploy took the nodes away and nothing was answered: the same request may be sent to those that come. */
  redeployed?: true | undefined;
}

/** The facts of a failure as plain data, for Catch nodes: they see it as `msg.error.cause`. */
export interface FailureCause extends FailureDetails {
  kind: FailureKind;
}

/** Thrown by everything in the palette that fails. Its message and hint hold no key, prompt or answer. */
export class LlmError extends Error {
  override readonly name = 'LlmError';
  readonly kind: FailureKind;
  /** The kind again: Node-RED hands `code` on to Catch nodes. */
  readonly code: FailureKind;
  readonly status: number | undefined;
  readonly provider: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly retryable: boolean;
  /** What to do next, in our own words: never what a client or a provider said. */
  readonly hint: string | undefined;
  readonly partial: string | undefined;
  override readonly cause: FailureCause;

  constructor(kind: FailureKind, message: string, details: FailureDetails = {}) {
    super(details.hint ? `${message} ${details.hint}` : message);
    this.kind = kind;
    this.code = kind;
    this.status = details.status;
    this.provider = details.provider;
    this.retryAfterMs = details.retryAfterMs;
    this.retryable = details.retryable ?? policies[kind].retry;
    this.hint = details.hint;
    this.partial = details.partial;
    this.cause = { kind, ...withoutUndefined(details) };
    // Node-RED logs the stack of an error. For a failure of a server or a prompt the sentence says more.
    this.stack = this.message;
  }

  /** The sentence alone: it is what Catch nodes see as the message. */
  override toString(): string {
    return this.message;
  }

  /** What happened, without what to do about it. */
  get whatHappened(): string {
    return this.hint ? this.message.slice(0, -this.hint.length - 1) : this.message;
  }

  /** The same failure with further facts. */
  with(details: FailureDetails): LlmError {
    const { kind, ...known } = this.cause;
    return new LlmError(kind, this.whatHappened, { ...known, ...withoutUndefined(details) });
  }
}

export function isLlmError(error: unknown): error is LlmError {
  return error instanceof LlmError;
}

/** Whatever was thrown, as a failure. What is not ours is a defect or an odd server: kind `server`. */
export function toLlmError(error: unknown, provider?: string): LlmError {
  if (isLlmError(error)) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new LlmError('server', `The node failed unexpectedly (${name}).`, {
    provider,
    hint: 'Please report it with the Node-RED log.',
  });
}
