/** What the sidebar shows of one node, or of all: the last minutes in steps, and today. */
import { withoutUndefined } from '../../core/without-undefined.ts';
import type { RequestEnd } from '../request-ends.ts';
import type { LiveFigures, LiveStep, LiveTotals } from '../sidebar/api.ts';
import { SlidingWindow } from '../sliding-window.ts';
import { type Spent, Tally, Totals } from '../tally.ts';
import { Rate } from './rate.ts';

export const stepMs = 5_000;
const steps = 60;
export const windowMs = steps * stepMs;

export class Figures {
  readonly #window = new SlidingWindow(windowMs, () => new Tally(), steps);
  readonly #requests = new Rate();
  readonly #tokens = new Rate();
  #today = new Totals();

  end(end: RequestEnd): void {
    this.#window.current().end(end);
    this.#requests.add(1);
    this.#today.end(end);
  }

  /** `ms` is how long it took. */
  spend(spent: Spent, ms: number): void {
    if (spent.usage) this.#tokens.add(spent.usage.outputTokens, ms);
    this.#today.spend(spent);
  }

  beginDay(): void {
    this.#today = new Totals();
  }

  read(): LiveFigures {
    const series = this.#window.series();
    const all = new Tally();
    for (const step of series) if (step) all.addRequests(step);
    const { p50Ms, p95Ms, firstTokenP50Ms } = timesOf(all);
    return {
      ...withoutUndefined({ p50Ms, p95Ms, firstTokenP50Ms, firstTokenP95Ms: rounded(all.firstTokens.percentile(95)) }),
      outputTokensPerSecond: this.#tokens.perSecond(),
      requestsPerSecond: this.#requests.perSecond(),
      failedPercent: all.failedPercent,
      series: all.requests === 0 ? [] : series.map(stepOf),
      today: totalsOf(this.#today),
    };
  }
}

export function totalsOf({ requests, counts: { failed }, inputTokens, outputTokens, cachedTokens, costUsd }: Totals): LiveTotals {
  return { requests, failed, inputTokens, outputTokens, cachedTokens, costUsd };
}

function stepOf(step: Tally | undefined): LiveStep {
  return step ? { requests: step.requests, failed: step.counts.failed, ...withoutUndefined(timesOf(step)) } : { requests: 0, failed: 0 };
}

function timesOf({ latencies, firstTokens }: Tally) {
  return { p50Ms: rounded(latencies.percentile(50)), p95Ms: rounded(latencies.percentile(95)), firstTokenP50Ms: rounded(firstTokens.percentile(50)) };
}

/** They are a percent exact: more digits would only be sent. */
function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Number(ms.toPrecision(3));
}
