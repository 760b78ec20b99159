/**
 * What the sidebar asks of the runtime, and what it is told: the bodies of the admin routes. Looking wants the permission
 * `llm.read`, to see what was asked and answered `llm.content` as well, all else `llm.write`. What acts takes JSON of its own origin alone.
 *
 * - `GET llm/live` → {@link LiveFacts}
 * - `GET llm/requests?after=12` → {@link RequestList}; with 0 all that are kept. After a pause or a failure the sidebar begins with 0 again
 * - `GET llm/requests/:id` → {@link RequestTrace}; 404 where it is no longer kept
 * - `GET llm/requests/:id/content` → the same with its content, which the one before leaves out
 * - `POST llm/try` with a {@link Trial}, `POST llm/requests/:id/replay` → lines of JSON, each a {@link TrialLine}; a replay wants `llm.content` too
 * - `POST llm/nodes/:id/breaker` with `{ "trip": true }` or `false` → 204
 * - `POST llm/nodes/:id/drain` with `{ "branch": "name", "drain": true }` or `false` → 204
 *
 * Whatever is refused is answered with a status and {@link Refused}.
 */
import type { BackendIdentity, Cost, Usage } from '../../core/completion.ts';
import type { FailureKind } from '../../core/errors.ts';
import type { BreakerState } from '../../core/events.ts';

export interface Refused {
  readonly message: string;
}

export type NodeKind = 'backend' | 'stage' | 'endpoint';

/** From the best to the worst; `open` is a breaker's, `loading` and `down` a server's. */
export const nodeStates = ['ready', 'busy', 'queueing', 'degraded', 'loading', 'open', 'down', 'misconfigured'] as const;
export type NodeState = (typeof nodeStates)[number];

export interface LiveFacts {
  /** ISO 8601: since when figures are counted, at most since midnight where the server is. */
  readonly since: string;
  /** Whether requests are kept also while no editor looks: a monitor is deployed. */
  readonly isKept: boolean;
  /** How long one step of the series is. */
  readonly stepMs: number;
  /** Of requests where they began, over all nodes. */
  readonly all: LiveFigures;
  readonly nodes: readonly LiveNode[];
}

/** Times are those of answers in the last minutes; undefined where there were none. */
export interface LiveFigures {
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly firstTokenP50Ms?: number;
  readonly firstTokenP95Ms?: number;
  /** Of a backend, and of all, also of answers that are on their way. */
  readonly outputTokensPerSecond: number;
  readonly requestsPerSecond: number;
  /** Of those that were answered or failed in the last minutes. */
  readonly failedPercent: number;
  /** Oldest first, one for each step; the last one is under way. None at all where nothing came. */
  readonly series: readonly LiveStep[];
  readonly today: LiveTotals;
}

export interface LiveStep {
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly firstTokenP50Ms?: number;
}

/** Tokens and cost of a backend, and over all nodes, are of all attempts; those of a stage or an endpoint of the answers that it gave. */
export interface LiveTotals {
  readonly requests: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** 0 where no prices are known. */
  readonly costUsd: number;
}

export interface LiveNode extends LiveFigures {
  readonly node: BackendIdentity;
  /** Of a node within a subflow: by which id the canvas knows it, Node-RED's `_alias`. */
  readonly canvasId?: string;
  readonly kind: NodeKind;
  readonly state: NodeState;
  readonly busy: number;
  readonly waiting: number;
  /** Of a backend alone. */
  readonly breaker?: BreakerState;
  /** True where it was opened by hand: it stays so until it is reset. */
  readonly isTripped?: boolean;
  /** True while it is left alone for a while, or a stage leaves a branch alone: a reset ends that. */
  readonly isResting?: boolean;
  /** Of a stage alone. */
  readonly branches?: readonly LiveBranch[];
}

export interface LiveBranch {
  readonly name: string;
  /** Why it would not be tried; undefined where it would. */
  readonly refusal?: FailureKind;
  /** Of a pool's members alone. */
  readonly member?: {
    readonly busy: number;
    /** True where it gets no new requests. */
    readonly isDrained: boolean;
    /** In percent of the pool's requests since it was deployed. */
    readonly sharePercent: number;
  };
}

export interface RequestList {
  /** To be asked `after` next time. */
  readonly last: number;
  /** How many were answered and are not kept, since recording began, where there are such: of more than fifty a second only so many are. Failed ones all are. */
  readonly skipped?: number;
  /** Changed since `after`, the newest first. */
  readonly requests: readonly RequestRow[];
  /** The ids of those that are kept, where some have gone since; else undefined. */
  readonly kept?: readonly string[];
}

export type Outcome = 'running' | 'ok' | 'failed' | 'cancelled';

export interface RequestRow {
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  /** Where it came in. */
  readonly entry: BackendIdentity;
  readonly outcome: Outcome;
  readonly error?: FailureKind;
  /** By which the client knows it. */
  readonly requestId?: string;
  readonly client?: string;
  readonly route?: string;
  /** The name of the backend that answered. */
  readonly backend?: string;
  readonly model?: string;
  /** Of the answer to a client of an endpoint; 499 where it went away. */
  readonly status?: number;
  /** Of one that runs a trace has it so far, a list not yet. */
  readonly ms?: number;
  readonly firstTokenMs?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Of all attempts, also of those that broke off. */
  readonly costUsd?: number;
  /** Sent to providers, over all backends. */
  readonly attempts: number;
}

export interface RequestTrace extends RequestRow {
  /** What to do next, where it failed. */
  readonly hint?: string;
  readonly root: Span;
  /** True where spans were left out: there were too many. */
  readonly isCut: boolean;
  /** Where content is kept. */
  readonly content?: RequestContent;
  /** True where it is kept, and was left out. */
  readonly isContentHidden?: true;
}

export interface RequestContent {
  /** The payload of the message as JSON or text, redacted, cut at a length. */
  readonly prompt: string;
  /** The settings that it came with, `msg.llm`, as JSON; the same holds. */
  readonly settings: string;
  readonly answer?: string;
  /** False where something had to be cut: what is left would be another request. */
  readonly canReplay: boolean;
  /** Places that were taken out. */
  readonly redactions: number;
}

/** What happened within a request; times are in ms, from the beginning of the request. */
export interface Span {
  readonly id: string;
  readonly kind: 'stage' | 'branch' | 'backend' | 'attempt' | 'queue' | 'backoff';
  /** A node's, a branch's or a member's; an attempt's is its number. */
  readonly name: string;
  readonly node?: BackendIdentity;
  readonly startMs: number;
  /** Undefined while it runs. */
  readonly endMs?: number;
  readonly outcome: Outcome;
  readonly error?: FailureKind;
  readonly hint?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly firstTokenMs?: number;
  readonly usage?: Usage;
  readonly cost?: Cost;
  /** A copy on trial, whose answer nobody gets. */
  readonly shadow?: boolean;
  readonly children: readonly Span[];
}

/** A request of the editor. */
export interface Trial {
  /** The id of a backend, a stage or an endpoint. */
  readonly node: string;
  readonly prompt: string;
  /** As in `msg.llm`: model, system, maxTokens, temperature … */
  readonly llm?: Readonly<Record<string, unknown>>;
}

export type TrialLine =
  /** The id under which its trace is found. */
  | { readonly type: 'begin'; readonly id: string }
  | { readonly type: 'text'; readonly text: string }
  /** What came so far is to be forgotten. */
  | { readonly type: 'restart' }
  | { readonly type: 'end'; readonly text: string; readonly backend: string; readonly model: string; readonly usage: Usage; readonly cost?: Cost; readonly ms: number }
  | { readonly type: 'fail'; readonly error: FailureKind; readonly message: string; readonly hint?: string };
