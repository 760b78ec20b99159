/** Tells a server that hangs from one that has much to do: both may leave a health check without an answer. */
import { setTimeout as delay } from 'node:timers/promises';

export interface WatchdogOptions {
  /** Between two health checks. */
  readonly everyMs: number;
  /** A check that takes longer than this has failed. */
  readonly answerWithinMs: number;
  /** So many failed checks in a row, and a server that nobody asks anything hangs. */
  readonly checks: number;
  /** So many, and one that has requests in hand hangs: it may read a long prompt with all its threads taken. */
  readonly checksInUse: number;
}

/** Without an answer a server hangs after a minute, in use after five: by then its requests have failed, too, for want of a first token. */
export const watchdogDefaults: WatchdogOptions = { everyMs: 10_000, answerWithinMs: 5_000, checks: 4, checksInUse: 20 };

export interface Watched {
  /** A failure, or none within the time, is a check that has failed. */
  readonly check: (signal: AbortSignal) => Promise<unknown>;
  readonly isInUse: () => boolean;
}

/** Resolves with true when the server hangs, with false when the signal comes first. */
export async function hangs(server: Watched, { everyMs, answerWithinMs, checks, checksInUse }: WatchdogOptions, signal: AbortSignal): Promise<boolean> {
  let failed = 0;
  while (!signal.aborted) {
    await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    const asked = performance.now();
    const answered = await server.check(AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)])).then(
      () => true,
      () => false,
    );
    if (signal.aborted) return false;
    // One that went on for far too long says that Node-RED itself had no turn, and nothing of the server.
    if (performance.now() - asked > 2 * answerWithinMs) continue;
    failed = answered ? 0 : failed + 1;
    if (failed >= (server.isInUse() ? checksInUse : checks)) return true;
  }
  return false;
}
