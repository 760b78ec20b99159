/** One run of a server, from its start to its end. */
import { setTimeout as delay } from 'node:timers/promises';
import { secretsOf } from './command.ts';
import { type Crash, explainCrash } from './crash.ts';
import { launch } from './launch.ts';
import { LogLines } from './log-lines.ts';
import type { SupervisorOptions } from './options.ts';
import { readProgress } from './progress.ts';
import { endServer, type ServerProcess } from './server-process.ts';

export type RunState = 'starting' | 'loading' | 'ready' | 'stopping';

const lookEveryMs = 250;
const checkWithinMs = 5_000;

export class ServerRun {
  readonly #options: SupervisorOptions;
  readonly #log: LogLines;
  readonly #onChange: () => void;
  #state: RunState = 'starting';
  #process: ServerProcess | undefined;
  #progress: number | undefined;
  #readyAt: number | undefined;

  constructor(options: SupervisorOptions, onChange: () => void) {
    this.#options = options;
    this.#log = new LogLines({ secrets: secretsOf(options.command) });
    this.#onChange = onChange;
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
    void this.#watchUntilReady(anyEnd);
    await Promise.race([ended, aborted(anyEnd)]);
    over.abort();
    if (stop.aborted) {
      this.#set('stopping');
      await endServer(launched.process, this.#options.stopWithinMs);
    }
    const exit = await ended;
    this.#log.flush();
    this.#process = undefined;
    launched.forget();
    if (stop.aborted) return undefined;
    return explainCrash({ exit, lines: this.#log.lines, wasReady: this.#readyAt !== undefined, provider: this.#options.provider });
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
    this.#onChange();
  }

  #set(state: RunState): void {
    this.#state = state;
    this.#onChange();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
