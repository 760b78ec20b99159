/** The three timers of one attempt: connecting, waiting for the first token, waiting between tokens. */
import { LlmError } from './errors.ts';
import type { Limits } from './limits.ts';
import { duration } from './units.ts';

type Phase = 'connect' | 'firstToken' | 'idle';

const phases: Record<Phase, { limit: 'connectTimeoutMs' | 'firstTokenTimeoutMs' | 'idleTimeoutMs'; what: string; hint: string }> = {
  connect: {
    limit: 'connectTimeoutMs',
    what: 'No connection',
    hint: 'Check the address, or raise the time limit for connecting.',
  },
  firstToken: {
    limit: 'firstTokenTimeoutMs',
    what: 'No first token',
    hint: 'The server may be busy or still loading the model: look at it, or raise the time limit for the first token.',
  },
  idle: {
    limit: 'idleTimeoutMs',
    what: 'No further token',
    hint: 'The server stopped in the middle of its answer: look into its log, or raise the time limit between tokens.',
  },
};

export class AttemptTimers {
  #timer: NodeJS.Timeout | undefined;
  readonly #limits: Limits;
  readonly #expire: (error: LlmError) => void;

  /** Starts with the connect timer. A limit of 0 switches its timer off. */
  constructor(limits: Limits, expire: (error: LlmError) => void) {
    this.#limits = limits;
    this.#expire = expire;
    this.#start('connect');
  }

  /** What was connected is not any more, and is tried once more. */
  connecting(): void {
    this.#start('connect');
  }

  connected(): void {
    this.#start('firstToken');
  }

  /** A token has come: from now on the idle timer runs. */
  token(first: boolean): void {
    if (first) this.#start('idle');
    else this.#timer?.refresh();
  }

  /** While we hold the provider back it is not the one who is late. */
  pause(): void {
    this.stop();
  }

  resume(): void {
    this.#start('idle');
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(phase: Phase): void {
    this.stop();
    const { limit, what, hint } = phases[phase];
    const ms = this.#limits[limit];
    if (ms === 0) return;
    this.#timer = setTimeout(() => this.#expire(new LlmError('timeout', `${what} within ${duration(ms)}.`, { hint })), ms);
  }
}
