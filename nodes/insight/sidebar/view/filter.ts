/** Which requests are to be seen. */
import type { RequestRow } from '../api.ts';

export const filterNames = ['outcome', 'backend', 'route', 'client'] as const;
export type FilterName = (typeof filterNames)[number];

/** An empty text lets all pass. */
export type Filter = Readonly<Record<FilterName, string>>;

export const noFilter: Filter = { outcome: '', backend: '', route: '', client: '' };

export function passes(row: RequestRow, filter: Filter): boolean {
  return filterNames.every((name) => filter[name] === '' || valuesOf(row, name).includes(filter[name]));
}

/** What there is to choose from, sorted; what is chosen stays among it. */
export function choicesFor(rows: readonly RequestRow[], name: FilterName, chosen: string): string[] {
  const values = new Set(rows.flatMap((row) => valuesOf(row, name)));
  if (chosen !== '') values.add(chosen);
  return [...values].sort();
}

/** One that failed is found by `failed`, and by the kind of its failure. */
function valuesOf(row: RequestRow, name: FilterName): string[] {
  const values = name === 'outcome' ? [row.outcome, row.outcome === 'failed' ? row.error : undefined] : [row[name]];
  return values.filter((value) => value !== undefined && value !== '') as string[];
}
