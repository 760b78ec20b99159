/**
 * A clock that only the test moves: setTimeout and its promise, Date.now, performance.now and AbortSignal.timeout go by it.
 * The one of node:test has no working `refresh` and leaves performance.now alone.
 */
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';
import timersPromises from 'node:timers/promises';

/** A timer object as far as Node.js's own is used. */
class FakeTimer {
  readonly ms: number;
  readonly callback: () => void;
  readonly #time: FakeTime;

  constructor(time: FakeTime, callback: () => void, ms: number) {
    this.#time = time;
    this.callback = callback;
    // As Node.js does: whole milliseconds, never none, and one where it cannot count so many.
    this.ms = ms < 2 ** 31 ? Math.max(1, Math.trunc(ms)) : 1;
    this.refresh();
  }

  refresh(): this {
    this.#time.schedule(this);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

export class FakeTime {
  #now = Date.UTC(2026, 0, 1);
  /** By how much the wall clock was set since. */
  #setBy = 0;
  /** When each timer is due, in the order in which they were started. */
  readonly #due = new Map<FakeTimer, number>();

  constructor(t: TestContext) {
    const start = this.#now;
    const fakeSetTimeout = (callback: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) => new FakeTimer(this, () => callback(...args), ms);
    t.mock.method(globalThis, 'setTimeout', fakeSetTimeout as never);
    t.mock.method(globalThis, 'clearTimeout', (timer: FakeTimer | undefined) => void (timer && this.#due.delete(timer)));
    t.mock.method(timersPromises, 'setTimeout', ((ms?: number, value?: unknown, options?: { signal?: AbortSignal }) =>
      this.#delay(ms, value, options)) as never);
    t.mock.method(AbortSignal, 'timeout', (ms: number) => this.#timeoutSignal(ms));
    t.mock.method(Date, 'now', () => this.#now + this.#setBy);
    t.mock.method(performance, 'now', () => this.#now - start);
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
  }

  get now(): number {
    return this.#now;
  }

  /** Sets the wall clock, forwards or backwards; nothing lasts longer or shorter for it. */
  setClock(byMs: number): void {
    this.#setBy += byMs;
  }

  /** How many timers run. */
  get timers(): number {
    return this.#due.size;
  }

  schedule(timer: FakeTimer): void {
    this.#due.delete(timer);
    this.#due.set(timer, this.#now + timer.ms);
  }

  /** Lets the time pass. What is due runs in order, and what follows from it by promises runs before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      const [timer, at] = next;
      this.#now = at;
      this.#due.delete(timer);
      timer.callback();
      await settled();
    }
    this.#now = end;
  }

  #next(end: number): [FakeTimer, number] | undefined {
    const due = [...this.#due].filter(([, at]) => at <= end);
    return due.sort(([, a], [, b]) => a - b)[0];
  }

  #delay(ms = 1, value?: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#due.delete(timer);
        reject(new DOMException('The operation was aborted', 'AbortError'));
      };
      const timer = new FakeTimer(
        this,
        () => {
          signal?.removeEventListener('abort', abort);
          resolve(value);
        },
        ms,
      );
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }

  #timeoutSignal(ms: number): AbortSignal {
    const controller = new AbortController();
    new FakeTimer(this, () => controller.abort(new DOMException('The operation timed out', 'TimeoutError')), ms);
    return controller.signal;
  }
}

/** Resolves when all promises that can go on have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
