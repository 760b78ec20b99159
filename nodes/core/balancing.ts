/** The strategies by which a pool picks the member for a request, among those that may take one now. */
import { hashToUnit } from './hash.ts';
import type { Strategy } from './stage-settings.ts';

/** What a strategy goes by. The figures may change between two requests; the object stays the same. */
export interface Member {
  readonly name: string;
  /** Its share compared with the others', fractions allowed. 0: none, as long as another has one. */
  readonly weight: number;
  /** Requests under way. */
  readonly busy: number;
  /** See {@link DecayingLatency}; undefined until measured. */
  readonly latencyMs: number | undefined;
}

/** Picks one of `eligible`, which is not empty and in the order of the pool's rows. `key` is what `sticky` goes by. */
export type Choose<M extends Member> = (eligible: readonly M[], key?: string) => M;

/**
 * @param all the pool's rows, in order
 * @param random in [0, 1)
 */
export function createBalancer<M extends Member>(strategy: Strategy, all: readonly M[], random: () => number = Math.random): Choose<M> {
  const turns = new Turns(all);
  switch (strategy) {
    case 'round-robin':
      return (eligible) => turns.next(eligible);
    case 'weighted':
      return smoothWeighted();
    case 'least-busy':
      return (eligible) => turns.taken(leastBusy(turns.order(eligible)));
    case 'fastest':
      return (eligible) => fastest(eligible, random);
    case 'random':
      return (eligible) => drawn(eligible, random);
    case 'sticky':
      return (eligible, key) => (key ? ownerOf(key, eligible) : turns.next(eligible));
  }
}

/** Whose turn it is: the rows after the last that was taken, then those from the top. */
class Turns<M> {
  readonly #rows: ReadonlyMap<M, number>;
  #last = -1;

  constructor(all: readonly M[]) {
    this.#rows = new Map(all.map((member, row) => [member, row]));
  }

  order(eligible: readonly M[]): M[] {
    const after = (member: M) => (this.#rows.get(member) ?? -1) > this.#last;
    return [...eligible.filter(after), ...eligible.filter((member) => !after(member))];
  }

  taken(member: M): M {
    this.#last = this.#rows.get(member) ?? -1;
    return member;
  }

  next(eligible: readonly M[]): M {
    return this.taken(this.order(eligible)[0] as M);
  }
}

interface Share<M> {
  readonly member: M;
  readonly weight: number;
}

/** Those who have a share, with their weights. Where all weights are 0, all have the same. */
function sharesOf<M extends Member>(eligible: readonly M[]): Array<Share<M>> {
  const weighty = eligible.filter(({ weight }) => weight > 0);
  return weighty.length > 0 ? weighty.map((member) => ({ member, weight: member.weight })) : eligible.map((member) => ({ member, weight: 1 }));
}

function sumOf<M>(shares: ReadonlyArray<Share<M>>): number {
  return shares.reduce((sum, { weight }) => sum + weight, 0);
}

/** The first with the greatest figure. */
function greatest<T>(items: readonly T[], figureOf: (item: T) => number): T {
  return items.reduce((best, item) => (figureOf(item) > figureOf(best) ? item : best));
}

/** Smooth weighted round-robin, as nginx has it: each gains its weight, and who has most goes and gives back what all have gained. */
function smoothWeighted<M extends Member>(): Choose<M> {
  const gained = new Map<M, number>();
  return (eligible) => {
    const shares = sharesOf(eligible);
    for (const { member, weight } of shares) gained.set(member, (gained.get(member) ?? 0) + weight);
    const gainOf = (member: M) => gained.get(member) ?? 0;
    const { member } = greatest(shares, (share) => gainOf(share.member));
    gained.set(member, gainOf(member) - sumOf(shares));
    return member;
  };
}

function leastBusy<M extends Member>(eligible: readonly M[]): M {
  return greatest(sharesOf(eligible), ({ member, weight }) => -member.busy / weight).member;
}

/** What an unmeasured member with a request under way counts as: one request is enough to measure it. */
const unmeasuredMs = 1e12;

/** The better of two that are drawn (Mitzenmacher, 2001): nearly the best, and simultaneous requests do not all flock to one. */
function fastest<M extends Member>(eligible: readonly M[], random: () => number): M {
  const unknown = eligible.find(({ latencyMs, busy }) => latencyMs === undefined && busy === 0);
  if (unknown) return unknown;
  const first = Math.floor(random() * eligible.length);
  const others = eligible.filter((_, at) => at !== first);
  const second = Math.floor(random() * others.length);
  const pair = [...eligible.slice(first, first + 1), ...others.slice(second, second + 1)];
  return greatest(pair, ({ latencyMs = unmeasuredMs, busy }) => -latencyMs * (busy + 1));
}

function drawn<M extends Member>(eligible: readonly M[], random: () => number): M {
  const shares = sharesOf(eligible);
  let left = random() * sumOf(shares);
  const hit = shares.find(({ weight }) => (left -= weight) < 0);
  // Rounding may leave a rest after the last.
  return ((hit ?? shares[0]) as Share<M>).member;
}

/**
 * Rendezvous hashing (Thaler & Ravishankar, 1998), weighted by the logarithmic method (Schindelhauer & Schomaker, 2005): a member
 * that goes or comes moves only its own share of the keys.
 */
function ownerOf<M extends Member>(key: string, eligible: readonly M[]): M {
  return greatest(sharesOf(eligible), ({ member, weight }) => Math.log(hashToUnit(`${member.name}\n${key}`)) / weight).member;
}

/** How fast a latency of the past is forgotten: after so many ms 1/e of it is left. As Finagle's Peak EWMA has it by default. */
const timeConstantMs = 10_000;

/** How slow a member has been of late, as Finagle's Peak EWMA: a rise counts at once, and a fall over time. Without news it sinks to 0. */
export class DecayingLatency {
  #ms: number | undefined;
  #at = 0;

  get ms(): number | undefined {
    return this.#ms === undefined ? undefined : this.#ms * this.#kept();
  }

  record(ms: number): void {
    const kept = this.#kept();
    this.#ms = Math.max(ms, (this.#ms ?? 0) * kept + ms * (1 - kept));
    this.#at = performance.now();
  }

  /** How much of what was recorded last still counts, from 1 down to 0. */
  #kept(): number {
    return Math.exp((this.#at - performance.now()) / timeConstantMs);
  }
}
