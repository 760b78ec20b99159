/**
 * Runs one model server: starts it, starts it again when it crashes, stops it when nobody uses it.
 * Whoever wants to ask the server something takes a lease first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LlmError } from '../errors.ts';
import { WaitingLine } from '../waiting-line.ts';
import { digestOf } from './command.ts';
import type { Crash } from './crash.ts';
import type { SupervisorOptions } from './options.ts';
import { findOrphan } from './orphans.ts';
import { Restarts } from './restarts.ts';
import { adoptServer, endServer } from './server-process.ts';
import { type RunState, ServerRun } from './server-run.ts';
import { duration } from '../units.ts';

/** `backoff` waits for the next start after a crash, `failed` has given up. */
export type SupervisorState = RunState | 'stopped' | 'backoff' | 'failed';

/** What there is to say of it. */
export interface SupervisorFacts {
  readonly state: SupervisorState;
  /** Stopped by a person: requests do not start it. */
  readonly byHand: boolean;
  readonly pid: number | undefined;
  /** Found running, and so without a log. */
  readonly adopted: boolean;
  /** Percent of the model, while it loads and says so. */
  readonly progress: number | undefined;
  /** The last one since somebody has started it. */
  readonly crash: Crash | undefined;
  /** When that was, on the clock of `performance.now`. */
  readonly crashedAt: number | undefined;
  /** Starts after crashes, in a row. */
  readonly restarts: number;
  /** The end of the log of this run, or of the last one. */
  readonly lines: readonly string[];
}

export class Supervisor {
  #options: SupervisorOptions;
  /** Where no run is under way. */
  #rest: 'stopped' | 'backoff' | 'failed' = 'stopped';
  #byHand = false;
  #isWanted = false;
  #loop: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  #run: ServerRun | undefined;
  #lines: readonly string[] = [];
  #crash: Crash | undefined;
  #crashedAt: number | undefined;
  #busy = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #restarts = new Restarts();
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new WaitingLine<() => void>({ maxWaiting: Infinity, full: () => this.#notReady(), late: () => this.#notReady() });

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get state(): SupervisorState {
    return this.#run?.state ?? this.#rest;
  }

  get facts(): SupervisorFacts {
    const { pid, adopted = false, progress, lines = this.#lines } = this.#run ?? {};
    return { state: this.state, byHand: this.#byHand, pid, adopted, progress, crash: this.#crash, crashedAt: this.#crashedAt, restarts: this.#restarts.count, lines };
  }

  /** Why a request would not be answered soon; undefined where it is worth sending, if only to start the server. */
  get refusal(): 'overloaded' | 'unavailable' | undefined {
    const { state } = this;
    if (state === 'ready' || (state === 'stopped' && !this.#byHand)) return undefined;
    return ['stopped', 'failed', 'backoff'].includes(state) ? 'unavailable' : 'overloaded';
  }

  /** Tells of each change. Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From now on it is run like this, and what was given up or stopped by hand may start again. One that runs with another command is started anew. */
  configure(options: SupervisorOptions): void {
    const isSame = digestOf(options.command) === digestOf(this.#options.command);
    this.#options = options;
    this.#byHand = false;
    if (!this.#loop) this.#change('stopped');
    else if (!isSame) this.restart();
    else this.#watchIdle();
  }

  /** Takes over what a Node-RED has left behind that was killed; ends it where it runs with another command. */
  async recover(): Promise<void> {
    const { recordFile, command, stopWithinMs } = this.#options;
    const orphan = recordFile === undefined || this.#loop ? undefined : findOrphan(recordFile);
    if (!orphan?.isFree) return;
    if (orphan.command === digestOf(command)) this.start();
    else await endServer(adoptServer(orphan.server), stopWithinMs);
  }

  /** Starts it unless it runs. What had been given up is tried again. */
  start(): void {
    this.#isWanted = true;
    this.#byHand = false;
    if (!this.#loop) this.#begin();
  }

  /** Resolves when it has ended. `byHand`: it stays so until somebody starts it, whatever is asked of it. */
  async stop(byHand = false): Promise<void> {
    this.#isWanted = false;
    this.#byHand = byHand;
    this.#loop?.stop.abort();
    await this.#loop?.done;
    if (!this.#loop) this.#change('stopped');
  }

  restart(): void {
    this.#loop?.stop.abort();
    this.start();
  }

  /**
   * Waits until the server can take a request, and starts it where it is stopped. What it gives is to be called when the request is over.
   * @throws LlmError `overloaded` where it is not ready in time, why it crashed where it has been given up, or the signal's reason
   */
  acquire(signal: AbortSignal): (() => void) | Promise<() => void> {
    return this.state === 'ready' ? this.#lease() : this.#wait(signal);
  }

  async #wait(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    this.#refuseIfGivenUp();
    this.start();
    const { waitMs } = this.#options;
    if (waitMs === 0) throw this.#notReady();
    return this.#waiting.wait({ priority: 0, timeoutMs: waitMs, signal, tryGrant: () => this.#tryLease() });
  }

  #tryLease(): (() => void) | undefined {
    this.#refuseIfGivenUp();
    return this.state === 'ready' ? this.#lease() : undefined;
  }

  /** @throws LlmError where no wait would help */
  #refuseIfGivenUp(): void {
    if (this.state === 'failed' && this.#crash) throw this.#crash.error;
    const { id, label } = this.#options.provider;
    if (this.#byHand) throw new LlmError('unavailable', `${label} was stopped by hand.`, { provider: id, retryable: false, hint: 'Start it in the dialog of its server.' });
  }

  #notReady(): LlmError {
    const { provider, waitMs } = this.#options;
    const message = waitMs === 0 ? `${provider.label} is starting.` : `${provider.label} was not ready within ${duration(waitMs)}.`;
    const hint = 'Try again in a moment, let a fallback take over, or raise how long requests wait for the server.';
    return new LlmError('overloaded', message, { provider: provider.id, retryable: false, hint });
  }

  #lease(): () => void {
    this.#busy++;
    clearTimeout(this.#idle);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#busy--;
      this.#watchIdle();
    };
  }

  #watchIdle(): void {
    clearTimeout(this.#idle);
    const { idleStopMs } = this.#options;
    if (idleStopMs === 0 || this.#busy > 0 || this.state !== 'ready') return;
    this.#idle = setTimeout(() => void this.stop(), idleStopMs);
    this.#idle.unref();
  }

  #begin(): void {
    this.#restarts.reset();
    this.#crash = this.#crashedAt = undefined;
    const stop = new AbortController();
    this.#loop = { stop, done: this.#keepRunning(stop.signal) };
  }

  /** Until it is stopped or given up. */
  async #keepRunning(stop: AbortSignal): Promise<void> {
    // The loop is known before anybody hears of it, and starts another.
    await Promise.resolve();
    let delayMs: number | undefined = 0;
    while (!stop.aborted && delayMs !== undefined) {
      const crash = await this.#runOnce(stop);
      if (!crash) break;
      this.#crash = crash;
      this.#crashedAt = performance.now();
      delayMs = this.#restarts.next(crash.readyForMs, this.#options.restarts);
      if (delayMs === undefined) break;
      this.#change('backoff');
      await delay(delayMs, undefined, { signal: stop, ref: false }).catch(() => undefined);
    }
    this.#loop = undefined;
    if (delayMs === undefined) this.#change('failed');
    else if (this.#isWanted) this.#begin();
    else this.#change('stopped');
  }

  async #runOnce(stop: AbortSignal): Promise<(Crash & { readyForMs: number }) | undefined> {
    const run = new ServerRun(this.#options, { onChange: () => this.#tell(), isInUse: () => this.#busy > 0 });
    this.#run = run;
    this.#tell();
    const crash = await run.untilOver(stop);
    this.#lines = run.lines;
    this.#run = undefined;
    return crash && { ...crash, readyForMs: run.readyForMs };
  }

  #change(rest: 'stopped' | 'backoff' | 'failed'): void {
    this.#rest = rest;
    this.#tell();
  }

  #tell(): void {
    this.#waiting.serve();
    this.#watchIdle();
    for (const listener of this.#listeners) listener();
  }
}
