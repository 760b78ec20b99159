/** The values that alerts look at, from the bus and from the nodes that run. */
import type { BackendIdentity } from '../../core/completion.ts';
import type { EventBus } from '../../core/events.ts';
import type { LlmNode } from '../../runtime/llm-nodes.ts';
import { Latencies } from '../latencies.ts';
import { isServicesDoing, onRequestEnd, type RequestEnd } from '../request-ends.ts';
import type { AlertRule } from './settings.ts';
import { SlidingWindow } from '../sliding-window.ts';

/** A value of now; undefined where there is none. Without a node it is of all requests. */
export interface Measured {
  readonly node?: BackendIdentity;
  readonly value: number | undefined;
}

export interface Measurement {
  read(): Measured[];
  close(): void;
}

export interface Sources {
  readonly bus: EventBus;
  /** The nodes that run now. */
  readonly nodes: () => readonly LlmNode[];
}

/** Shorter than this, a percentile would be of too few. */
const shortestWindowMs = 60_000;
const hourMs = 3_600_000;

export function measurementOf(rule: AlertRule, sources: Sources): Measurement {
  switch (rule.measure) {
    case 'latency':
      return percentileOf(rule, sources, ({ ms }) => ms);
    case 'firstToken':
      return percentileOf(rule, sources, ({ firstTokenMs }) => firstTokenMs);
    case 'failures':
      return failuresOf(rule, sources);
    case 'breaker':
      return stateOf(sources, ({ breaker }) => breaker && breaker !== 'closed');
    case 'down':
      return stateOf(sources, ({ health = 'unknown' }) => (health === 'unknown' ? undefined : health === 'down'));
    case 'waiting':
      return { read: () => [{ value: sources.nodes().reduce((sum, { waiting }) => sum + waiting, 0) }], close: () => undefined };
    case 'costHour':
      return costOf(sources, hourMs);
    case 'costDay':
      return costOf(sources, 24 * hourMs);
    default:
      return rule.measure satisfies never;
  }
}

/** The 95th percentile in seconds, of answers and of those that were too late. */
function percentileOf(rule: AlertRule, sources: Sources, msOf: (end: RequestEnd) => number | undefined): Measurement {
  return windowed(rule, sources, {
    create: () => new Latencies(),
    record(slot, end) {
      const ms = end.outcome === 'ok' || end.error === 'timeout' ? msOf(end) : undefined;
      if (ms !== undefined) slot.record(ms);
    },
    value(slots) {
      const all = new Latencies();
      for (const slot of slots) all.add(slot);
      const ms = all.percentile(95);
      return ms === undefined ? undefined : ms / 1000;
    },
  });
}

/** In percent. */
function failuresOf(rule: AlertRule, sources: Sources): Measurement {
  return windowed(rule, sources, {
    create: () => ({ ok: 0, failed: 0 }),
    record(slot, end) {
      if (isServicesDoing(end)) slot[end.outcome === 'ok' ? 'ok' : 'failed']++;
    },
    value(slots) {
      const failed = slots.reduce((sum, slot) => sum + slot.failed, 0);
      const all = slots.reduce((sum, slot) => sum + slot.ok, failed);
      return all === 0 ? undefined : (failed / all) * 100;
    },
  });
}

interface Kept<Slot> {
  create(): Slot;
  record(slot: Slot, end: RequestEnd): void;
  value(slots: Slot[]): number | undefined;
}

/** Of all requests, or of each backend by itself. */
function windowed<Slot>({ scope, forMs }: AlertRule, { bus, nodes }: Sources, kept: Kept<Slot>): Measurement {
  const windows = new Map<string, { node: BackendIdentity | undefined; window: SlidingWindow<Slot> }>();
  const windowOf = (id: string, node?: BackendIdentity) => {
    let found = windows.get(id);
    if (!found) windows.set(id, (found = { node, window: new SlidingWindow(Math.max(shortestWindowMs, forMs), () => kept.create()) }));
    return found.window;
  };
  const close = onRequestEnd(bus, (end) => {
    if (scope === 'front' ? end.isFront : end.isBackend) kept.record(scope === 'front' ? windowOf('').current() : windowOf(end.node.id, end.node).current(), end);
  });
  const read = () => {
    if (scope === 'backends') forget(windows, nodes());
    return [...windows.values()].map(({ node, window }) => ({ ...(node && { node }), value: kept.value(window.live()) }));
  };
  return { read, close };
}

function forget(windows: Map<string, unknown>, nodes: readonly LlmNode[]): void {
  const running = new Set(nodes.map(({ identity: { id } }) => id));
  for (const id of windows.keys()) if (!running.has(id)) windows.delete(id);
}

/** 1 for each backend of which it is so, 0 for the others. */
function stateOf({ nodes }: Sources, isSo: (node: LlmNode) => boolean | undefined): Measurement {
  const read = () => nodes().map((node) => ({ node: node.identity, value: isSo(node) === undefined ? undefined : Number(isSo(node)) }));
  return { read: () => read().filter(({ value }) => value !== undefined), close: () => undefined };
}

/** US dollars within the last while. */
function costOf({ bus }: Sources, windowMs: number): Measurement {
  const window = new SlidingWindow(windowMs, () => ({ usd: 0 }));
  const close = bus.on('attempt', ({ cost }) => {
    if (cost) window.current().usd += cost.usd;
  });
  return { read: () => [{ value: window.live().reduce((sum, { usd }) => sum + usd, 0) }], close };
}
