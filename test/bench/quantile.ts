/** The value that a share of the values, from 0 to 1, lies below; Infinity where there are none. Sorts them. */
export function quantile(values: number[], share: number): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Infinity;
}
