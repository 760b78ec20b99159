/** What is counted of requests and their attempts in a while: for a summary, for a step of a window, for a day. */
import type { Cost, Usage } from '../core/completion.ts';
import { Latencies } from './latencies.ts';
import type { RequestEnd } from './request-ends.ts';

/** What tokens and cost are taken from: an attempt, or the answer that came of several. */
export interface Spent {
  readonly usage?: Usage;
  readonly cost?: Cost;
}

/** How many there were, and what they took. */
export class Totals {
  readonly counts = { ok: 0, failed: 0, cancelled: 0 };
  inputTokens = 0;
  cachedTokens = 0;
  outputTokens = 0;
  costUsd = 0;

  get requests(): number {
    const { ok, failed, cancelled } = this.counts;
    return ok + failed + cancelled;
  }

  /** Of those that were answered or failed. */
  get failedPercent(): number {
    const { ok, failed } = this.counts;
    return failed === 0 ? 0 : (failed / (ok + failed)) * 100;
  }

  end({ outcome }: RequestEnd): void {
    this.counts[outcome]++;
  }

  spend({ usage, cost }: Spent): void {
    this.costUsd += cost?.usd ?? 0;
    if (!usage) return;
    this.inputTokens += usage.inputTokens;
    this.cachedTokens += usage.cachedInputTokens ?? 0;
    this.outputTokens += usage.outputTokens;
  }
}

/** The same, with the times in ms of the requests that were answered. */
export class Tally extends Totals {
  readonly latencies = new Latencies();
  readonly firstTokens = new Latencies();

  override end(end: RequestEnd): void {
    super.end(end);
    if (end.outcome !== 'ok') return;
    this.latencies.record(end.ms);
    if (end.firstTokenMs !== undefined) this.firstTokens.record(end.firstTokenMs);
  }

  /** Takes the requests of another in, not what they took. */
  addRequests({ latencies, firstTokens, counts: { ok, failed, cancelled } }: Tally): void {
    this.latencies.add(latencies);
    this.firstTokens.add(firstTokens);
    this.counts.ok += ok;
    this.counts.failed += failed;
    this.counts.cancelled += cancelled;
  }
}
