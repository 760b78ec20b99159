/** What is known of a part of a regular expression: how RE2 says the same, and how much work it may be to match it by trying, as JavaScript does. */

export interface Facts {
  /** The same in RE2's syntax; undefined where that has no words for it, or others that mean something else. */
  readonly re2: string | undefined;
  /** How large RE2's program for it is. */
  readonly size: number;
  /** The product of the counts within each other: RE2 takes up to 1000. */
  readonly counts: number;
  /** Whether it can match nothing at all. */
  readonly canBeEmpty: boolean;
  /** Whether RE2 finds the very same places, and not only the same texts. */
  readonly isSamePlace: boolean;
  /** Whether it may match one half of a character beyond U+FFFF: RE2 only knows whole ones. */
  readonly seesHalves: boolean;
  /** In how many ways it may match from one place of a text of so many characters; more than there are, not fewer. */
  ways(chars: number): number;
  /** So many steps it takes to try them all. */
  steps(chars: number): number;
}

const largestCount = 1_000;

/** One character. */
export function one(re2: string | undefined, seesHalves = false): Facts {
  return { re2, size: 1, counts: 1, canBeEmpty: false, isSamePlace: true, seesHalves, ways: () => 1, steps: () => 1 };
}

/** A place between characters. */
export function edge(re2: string, seesHalves = false): Facts {
  return { ...one(re2, seesHalves), canBeEmpty: true };
}

/** What is looked at and not taken, ahead or behind. RE2 knows neither. */
export function look(part: Facts): Facts {
  return { ...part, re2: undefined, canBeEmpty: true, ways: () => 1 };
}

/** What a group took, once more. */
export function backReference(): Facts {
  return { ...one(undefined), canBeEmpty: true, steps: (chars) => chars };
}

export function sequence(parts: readonly Facts[]): Facts {
  return {
    re2: joined(parts, ''),
    ...together(parts),
    canBeEmpty: parts.every(({ canBeEmpty }) => canBeEmpty),
    ways: (chars) => parts.reduce((ways, part) => ways * part.ways(chars), 1),
    // For each way to match what stands before it, a part is tried anew.
    steps: (chars) => parts.reduce(({ steps, ways }, part) => ({ steps: steps + ways * part.steps(chars), ways: ways * part.ways(chars) }), { steps: 0, ways: 1 }).steps,
  };
}

export function alternatives(parts: readonly Facts[]): Facts {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  return {
    re2: joined(parts, '|'),
    ...together(parts),
    canBeEmpty: parts.some(({ canBeEmpty }) => canBeEmpty),
    ways: (chars) => sum(parts.map((part) => part.ways(chars))),
    steps: (chars) => sum(parts.map((part) => part.steps(chars))),
  };
}

export function group(part: Facts): Facts {
  return { ...part, re2: part.re2 === undefined ? undefined : `(?:${part.re2})` };
}

export function repetition(part: Facts, min: number, max: number, isLazy: boolean): Facts {
  const copies = Number.isFinite(max) ? max : min + 1;
  const counts = part.counts * Math.max(1, Number.isFinite(max) ? max : min);
  const isSayable = part.re2 !== undefined && counts <= largestCount;
  return {
    re2: isSayable ? `(?:${part.re2})${quantifier(min, max)}${isLazy ? '?' : ''}` : undefined,
    size: part.size * Math.max(1, copies) + 1,
    counts,
    canBeEmpty: min === 0 || part.canBeEmpty,
    // JavaScript and RE2 do not go round alike where a round may take nothing.
    isSamePlace: part.isSamePlace && !part.canBeEmpty,
    seesHalves: part.seesHalves,
    ways: (chars) => rounds(part.ways(chars), Math.min(max, Math.max(min, chars))),
    steps: (chars) => part.steps(chars) * rounds(part.ways(chars), Math.min(max, Math.max(min, chars))),
  };
}

/** In how many ways up to so many rounds can be gone: 1 + w + w² + … */
function rounds(ways: number, most: number): number {
  return ways === 1 ? most + 1 : (ways ** (most + 1) - 1) / (ways - 1);
}

function quantifier(min: number, max: number): string {
  return Number.isFinite(max) ? `{${min},${max}}` : `{${min},}`;
}

function together(parts: readonly Facts[]) {
  return {
    size: sum(parts.map(({ size }) => size)) + parts.length,
    counts: Math.max(1, ...parts.map(({ counts }) => counts)),
    isSamePlace: parts.every(({ isSamePlace }) => isSamePlace),
    seesHalves: parts.some(({ seesHalves }) => seesHalves),
  };
}

function joined(parts: readonly Facts[], between: string): string | undefined {
  return parts.every(({ re2 }) => re2 !== undefined) ? parts.map(({ re2 }) => re2).join(between) : undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
