/** Shares in percent that add up to 100. */
import { percentTolerance } from '../core/stage-settings.ts';

export function sumOf(shares: readonly number[]): number {
  return round(shares.reduce((sum, share) => sum + share, 0));
}

export function isWhole(sum: number): boolean {
  return Math.abs(sum - 100) <= percentTolerance;
}

/** The same proportions, with a sum of 100; equal shares where there are no proportions. */
export function scaled(shares: readonly number[]): number[] {
  const sum = shares.reduce((sum, share) => sum + share, 0);
  if (!(sum > 0)) return equal(shares.length);
  const exact = shares.map((share) => (share * 100) / sum);
  const whole = inSteps(exact, 1);
  // Whole numbers read best, but no small share may become none.
  const fits = whole.every((share, row) => share > 0 || shares[row] === 0) && shares.every(Number.isInteger);
  return fits ? whole : inSteps(exact, 0.01);
}

export function equal(count: number): number[] {
  return inSteps(Array.from({ length: count }, () => 100 / count), 1);
}

/** Rounds down, then gives what is left to those that lost most. */
function inSteps(exact: readonly number[], step: number): number[] {
  const steps = exact.map((share) => Math.floor(share / step + 1e-9));
  const left = Math.round(100 / step) - steps.reduce((sum, share) => sum + share, 0);
  const byLoss = exact.map((share, row) => ({ row, loss: share / step - (steps[row] ?? 0) })).sort((one, other) => other.loss - one.loss);
  for (const { row } of byLoss.slice(0, left)) steps[row] = (steps[row] ?? 0) + 1;
  return steps.map((share) => round(share * step));
}

function round(share: number): number {
  return Math.round(share * 100) / 100;
}
