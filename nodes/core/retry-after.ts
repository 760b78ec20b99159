/** How long a provider asks us to wait, in all the spellings in use. */

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A pause is no longer than this, whatever is asked for: then it is tried again, and told to wait again. */
export const longestPauseMs = 3_600_000;

/**
 * Milliseconds, at most an hour, from `retry-after-ms`, or from `retry-after` in seconds or as an HTTP date (RFC 9110, 10.2.3).
 * Undefined where there is none or it makes no sense.
 */
export function readRetryAfter(headers: Headers | undefined, now: number = Date.now()): number | undefined {
  const asked = readWait(headers, now);
  return asked === undefined ? undefined : Math.min(asked, longestPauseMs);
}

function readWait(headers: Headers | undefined, now: number): number | undefined {
  const inMs = positive(first(headers?.['retry-after-ms']));
  if (inMs !== undefined) return inMs;
  const value = first(headers?.['retry-after']);
  if (value === undefined) return undefined;
  const seconds = positive(value);
  if (seconds !== undefined) return seconds * 1000;
  // Date.parse takes nearly anything with a number in it; all three forms of an HTTP date begin with the day.
  const date = /^(mon|tue|wed|thu|fri|sat|sun)/i.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function positive(value: string | undefined): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}
