/** One run of a server, from its start to its end. */
import { setTimeout as delay } from 'node:timers/promises';
import { secretsOf } from './command.ts';
import { type Crash, crashOf, explainCrash } from './crash.ts';
import { launch } from './launch.ts';
import { LogLines } from './log-lines.ts';
import { outgrows } from './memory-watch.ts';
import type { SupervisorOptions } from './options.ts';
import { readProgress } from './progress.ts';
import { endServer, type ServerProcess } from './server-process.ts';
import { hangs } from './watchdog.ts';

export type RunState = 'starting' | 'loading' | 'ready' | 'stopping';

const lookEveryMs = 250;
const checkWithinMs = 5_000;
/** What takes too much memory may take more as long as it lives. */
const growsOnMs = 1_000;

/** What a run has to do with whoever keeps it. */
export interface RunKeeper {
  readonly onChange: () => void;
  /** Whether requests are under way. */
  readonly isInUse: () => boolean;
}

export class ServerRun {
  readonly #options: SupervisorOptions;
  readonly #log: LogLines;
  readonly #keeper: RunKeeper;
  #state: RunState = 'starting';
  #process: ServerProcess | undefined;
  #progress: number | undefined;
  #readyAt: number | undefined;

  constructor(options: SupervisorOptions, keeper: RunKeeper) {
    this.#options = options;
    this.#log = new LogLines({ secrets: secretsOf(options.command) });
    this.#keeper = keeper;
  }

  get state(): RunState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Found running, and so without a log. */
  get adopted(): boolean {
    return this.#process?.adopted ?? false;
  }

  /** Percent of the model, while it loads and says so. */
  get progress(): number | undefined {
    return this.#state === 'loading' ? this.#progress : undefined;
  }

  get lines(): readonly string[] {
    return this.#log.lines;
  }

  /** 0 where it never was. */
  get readyForMs(): number {
    return this.#readyAt === undefined ? 0 : performance.now() - this.#readyAt;
  }

  /** Resolves when it is over: with why, where nobody has stopped it. */
  async untilOver(stop: AbortSignal): Promise<Crash | undefined> {
    const launched = await launch(this.#options, (text) => this.#read(text), stop);
    if (launched === undefined || 'reason' in launched) return launched;
    this.#process = launched.process;
    this.#set('loading');
    const { ended } = launched.process;
    const over = new AbortController();
    const anyEnd = AbortSignal.any([stop, over.signal]);
    const fault = await Promise.race([this.#hangs(anyEnd), this.#outgrows(anyEnd), ended.then(() => undefined), aborted(anyEnd).then(() => undefined)]);
    over.abort();
    if (stop.aborted || fault) {
      this.#set('stopping');
      await endServer(launched.process, fault === 'bound' ? growsOnMs : this.#options.stopWithinMs);
    }
    const exit = await ended;
    this.#log.flush();
    this.#process = undefined;
    launched.forget();
    const { provider } = this.#options;
    if (stop.aborted) return undefined;
    return fault ? crashOf(fault, provider) : explainCrash({ exit, lines: this.#log.lines, wasReady: this.#readyAt !== undefined, provider });
  }

  async #hangs(signal: AbortSignal): Promise<'hung' | undefined> {
    await this.#watchUntilReady(signal);
    const { check, watchdog } = this.#options;
    return (await hangs({ check, isInUse: this.#keeper.isInUse }, watchdog, signal)) ? 'hung' : undefined;
  }

  /** Never, where nobody has said how much it may have. */
  async #outgrows(signal: AbortSignal): Promise<'bound' | undefined> {
    const { memoryMb } = this.#options.command.bounds ?? {};
    if (this.pid === undefined || memoryMb === undefined || process.platform === 'win32') return aborted(signal).then(() => undefined);
    return (await outgrows(this.pid, memoryMb, signal)) ? 'bound' : undefined;
  }

  async #watchUntilReady(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const state = await this.#options.check(AbortSignal.any([signal, AbortSignal.timeout(checkWithinMs)])).catch(() => 'down');
      if (signal.aborted) return;
      if (state === 'ready') {
        this.#readyAt = performance.now();
        this.#set('ready');
        return;
      }
      await delay(lookEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #read(text: string): void {
    this.#log.write(text);
    if (this.#state !== 'loading') return;
    const progress = readProgress(this.#log.pending) ?? readProgress(this.#log.lines.at(-1) ?? '');
    if (progress === undefined || progress === this.#progress) return;
    this.#progress = progress;
    this.#keeper.onChange();
  }

  #set(state: RunState): void {
    this.#state = state;
    this.#keeper.onChange();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
