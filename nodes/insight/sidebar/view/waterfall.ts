/** Lays the spans of a request out as rows with bars, in the order in which they began. Knows nothing of the page. */
import type { RequestTrace, Span } from '../api.ts';

/** In percent of the whole width. */
export interface Bar {
  readonly left: number;
  readonly width: number;
}

/** Waiting for a place, or before a retry: it has no row of its own, it is part of the bar of what waits. */
export interface Wait extends Bar {
  readonly kind: 'queue' | 'backoff';
  readonly ms: number;
}

export interface WaterfallRow {
  readonly span: Span;
  /** 0 is the root. */
  readonly depth: number;
  readonly bar: Bar;
  readonly waits: readonly Wait[];
  /** In percent of the whole width. */
  readonly firstToken?: number;
}

export interface Tick {
  readonly ms: number;
  /** In percent of the whole width. */
  readonly left: number;
}

export interface Waterfall {
  /** What the whole width stands for. */
  readonly totalMs: number;
  readonly rows: readonly WaterfallRow[];
  readonly ticks: readonly Tick[];
}

export function layOut({ root, ms }: Pick<RequestTrace, 'root' | 'ms'>): Waterfall {
  const totalMs = Math.max(ms ?? 0, latest(root), 1);
  return { totalMs, rows: rowsOf(root, 0, totalMs), ticks: ticksFor(totalMs) };
}

/** How long it took, or has taken so far. */
export function spanMs({ startMs, endMs }: Span, totalMs: number): number {
  return Math.max(0, (endMs ?? totalMs) - startMs);
}

function rowsOf(given: Span, depth: number, totalMs: number): WaterfallRow[] {
  const span = withOnlyAttempt(given);
  const waits = span.children.filter(isWait).map((wait) => ({ ...barOf(wait, totalMs), kind: wait.kind, ms: spanMs(wait, totalMs) }));
  const row: WaterfallRow = {
    span,
    depth,
    bar: barOf(span, totalMs),
    waits,
    ...(span.firstTokenMs !== undefined && { firstToken: share(span.firstTokenMs, totalMs) }),
  };
  const children = span.children.filter((child) => !isWait(child)).sort((one, other) => one.startMs - other.startMs);
  return [row, ...children.flatMap((child) => rowsOf(child, depth + 1, totalMs))];
}

/** A backend that was tried once is one row: its attempt would say the same again. */
function withOnlyAttempt(span: Span): Span {
  const [attempt, ...others] = span.children.filter((child) => !isWait(child));
  if (span.kind !== 'backend' || attempt?.kind !== 'attempt' || others.length > 0) return span;
  const waits = span.children.filter(isWait);
  return { ...attempt, ...span, children: [...waits, ...attempt.children] };
}

function isWait(span: Span): span is Span & { kind: Wait['kind'] } {
  return (span.kind === 'queue' || span.kind === 'backoff') && span.children.length === 0;
}

function barOf(span: Span, totalMs: number): Bar {
  const left = share(span.startMs, totalMs);
  return { left, width: Math.max(0, share(span.endMs ?? totalMs, totalMs) - left) };
}

function share(ms: number, totalMs: number): number {
  return (Math.min(Math.max(ms, 0), totalMs) / totalMs) * 100;
}

function latest({ startMs, endMs, firstTokenMs, children }: Span): number {
  return Math.max(startMs, endMs ?? 0, firstTokenMs ?? 0, ...children.map(latest));
}

/** Three to six round times, from 0 on. */
function ticksFor(totalMs: number): Tick[] {
  const power = 10 ** Math.floor(Math.log10(totalMs));
  const step = [0.2, 0.5, 1, 2].map((factor) => factor * power).find((step) => totalMs / step < 5) ?? power;
  const ticks: Tick[] = [];
  for (let n = 0; n * step <= totalMs; n++) ticks.push({ ms: n * step, left: share(n * step, totalMs) });
  return ticks;
}
