/** Looks at all that alerts watch, every few seconds, and says when one fires or is over. */
import type { BackendIdentity } from '../../core/completion.ts';
import { type Alert, alertOf } from './alert.ts';
import { Hysteresis } from './hysteresis.ts';
import { type Measured, type Measurement, measurementOf, type Sources } from './measurements.ts';
import type { AlertRule } from './settings.ts';

const everyMs = 5_000;

/** What has been above for a moment alone is not over in a moment. */
const shortestHoldMs = 60_000;

/** So much below its bound a value must be for the alert to be over. */
const margin = 0.9;

/** One rule, with the state of each node that it watches. */
class WatchedRule {
  readonly #rule: AlertRule;
  readonly #measurement: Measurement;
  readonly #onAlert: (alert: Alert) => void;
  readonly #states = new Map<string, { node: BackendIdentity | undefined; hysteresis: Hysteresis }>();

  constructor(rule: AlertRule, sources: Sources, onAlert: (alert: Alert) => void) {
    this.#rule = rule;
    this.#measurement = measurementOf(rule, sources);
    this.#onAlert = onAlert;
  }

  get firing(): number {
    return [...this.#states.values()].filter(({ hysteresis }) => hysteresis.isFiring).length;
  }

  look(): void {
    const measured = new Map(this.#measurement.read().map((one) => [one.node?.id ?? '', one]));
    for (const [id, one] of measured) this.#update(id, one);
    for (const [id, { node, hysteresis }] of this.#states) {
      if (measured.has(id)) continue;
      // Of a node that is gone, or being deployed, there is no value.
      this.#update(id, { ...(node && { node }), value: undefined });
      if (!hysteresis.isFiring) this.#states.delete(id);
    }
  }

  close(): void {
    this.#measurement.close();
  }

  #update(id: string, { node, value }: Measured): void {
    let state = this.#states.get(id);
    if (!state) this.#states.set(id, (state = { node, hysteresis: this.#hysteresis() }));
    const turn = state.hysteresis.update(value);
    if (turn) this.#onAlert(alertOf(this.#rule, turn, value, node));
  }

  #hysteresis(): Hysteresis {
    const { above, forMs } = this.#rule;
    return new Hysteresis({ above, below: above * margin, forMs, holdMs: Math.max(forMs, shortestHoldMs) });
  }
}

export class Watcher {
  readonly #rules: readonly WatchedRule[];
  readonly #unsubscribe: ReadonlyArray<() => void>;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(rules: readonly AlertRule[], sources: Sources, onAlert: (alert: Alert) => void) {
    this.#rules = rules.map((rule) => new WatchedRule(rule, sources, onAlert));
    if (rules.length > 0) {
      this.#timer = setTimeout(() => {
        this.#look();
        this.#timer?.refresh();
      }, everyMs);
      this.#timer.unref();
    }
    // A breaker may be closed again before the next look.
    this.#unsubscribe = rules.length > 0 ? [sources.bus.on('breaker', () => this.#look()), sources.bus.on('health', () => this.#look())] : [];
  }

  /** How many alerts have fired and are not over. */
  get firing(): number {
    return this.#rules.reduce((sum, { firing }) => sum + firing, 0);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const rule of this.#rules) rule.close();
  }

  #look(): void {
    for (const rule of this.#rules) rule.look();
  }
}
