/** The requests that the sidebar knows of: the newest first, and never more than a bound. */
import type { RequestList, RequestRow } from '../api.ts';

export const mostRequests = 300;

interface Entry {
  readonly row: RequestRow;
  /** Tells apart what began in the same millisecond. */
  readonly order: number;
}

export class KnownRequests {
  readonly #most: number;
  #entries = new Map<string, Entry>();
  #sorted: readonly RequestRow[] = [];
  #last = 0;
  #skipped = 0;
  #seen = 0;

  constructor(most = mostRequests) {
    this.#most = most;
  }

  /** To be asked `after`. */
  get last(): number {
    return this.#last;
  }

  /** How many were answered and are not kept. */
  get skipped(): number {
    return this.#skipped;
  }

  /** The newest first. */
  get rows(): readonly RequestRow[] {
    return this.#sorted;
  }

  /** Asks for everything next time: Node-RED may have started anew, and counts from 0 again then. What is known stays until the answer. */
  startOver(): void {
    this.#last = 0;
  }

  /** `after` is what was asked: what came in between is no answer to it. */
  take({ last, requests, kept, skipped = 0 }: RequestList, after: number): void {
    if (after !== this.#last) return;
    if (after === 0) this.#entries.clear();
    for (const row of requests.toReversed()) this.#entries.set(row.id, { row, order: this.#entries.get(row.id)?.order ?? this.#seen++ });
    if (kept) this.#keepOnly(new Set(kept));
    this.#last = last;
    this.#skipped = skipped;
    this.#sort();
  }

  #keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
  }

  #sort(): void {
    const entries = [...this.#entries].sort(([, one], [, other]) => compare(other.row.at, one.row.at) || other.order - one.order).slice(0, this.#most);
    this.#entries = new Map(entries);
    this.#sorted = entries.map(([, { row }]) => row);
  }
}

/** ISO 8601 sorts as text. */
function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
