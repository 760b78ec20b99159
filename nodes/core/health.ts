/** Asks a server again and again how it is, and says so when that changes. */
import { setTimeout as delay } from 'node:timers/promises';
import type { HealthState } from './events.ts';

export interface HealthOptions {
  /** Resolves with the state; what it throws counts as down. */
  check: (signal: AbortSignal) => Promise<HealthState>;
  /** 0 switches it off. */
  intervalMs: number;
  onChange: (state: HealthState) => void;
}

/** A check that takes longer than this has failed. */
const checkTimeoutMs = 5_000;

export class HealthMonitor {
  readonly #options: HealthOptions;
  readonly #listeners = new Set<(state: HealthState) => void>();
  readonly #stop = new AbortController();
  #state: HealthState = 'unknown';
  /** Counts what is known: an answer that something newer has overtaken is none any more. */
  #news = 0;

  constructor(options: HealthOptions) {
    this.#options = options;
    if (options.intervalMs > 0) void this.#watch();
  }

  get state(): HealthState {
    return this.#state;
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (state: HealthState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over what is known without asking. */
  report(state: HealthState): void {
    this.#news++;
    this.#set(state);
  }

  stop(): void {
    this.#stop.abort();
    this.#listeners.clear();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const news = this.#news;
      const state = await this.#check(signal);
      if (signal.aborted) return;
      if (news === this.#news) this.#set(state);
      await delay(this.#options.intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #check(stop: AbortSignal): Promise<HealthState> {
    try {
      return await this.#options.check(AbortSignal.any([stop, AbortSignal.timeout(checkTimeoutMs)]));
    } catch {
      // Why it is down is told by the Test button and by requests; here only that it is counts.
      return 'down';
    }
  }

  #set(state: HealthState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onChange(state);
    for (const listener of this.#listeners) listener(state);
  }
}
