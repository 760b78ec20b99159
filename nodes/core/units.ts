/** Figures as people read them, with their units. Runs in browsers, too. */

/** Such as `120 ms`, `1.2 s`, `2 min`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Such as `$0.0042` and `$12.35`. */
export function dollars(usd: number): string {
  const digits = usd >= 1 ? { maximumFractionDigits: 2 } : { maximumSignificantDigits: 2 };
  return `$${new Intl.NumberFormat('en', digits).format(usd)}`;
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Such as `1.5` and `38`: what is small needs a digit more. */
export function figure(value: number): string {
  return (value < 9.95 ? oneDigit : whole).format(value);
}

/** Such as `9,999` and `12.3K`: as narrow as a column. */
export function count(value: number): string {
  return (value < 10_000 ? whole : compact).format(value);
}

/** Such as `0.4 %`; what is there at all is not `0 %`. */
export function percent(value: number): string {
  return value > 0 && value < 0.1 ? '< 0.1 %' : `${figure(value)} %`;
}
