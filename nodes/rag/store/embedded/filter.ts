/** A metadata filter in SQL. */
import { plainText } from '../plain.ts';
import type { MetadataFilter } from '../store.ts';

export interface FilterSql {
  /** A condition on a column `document`. */
  readonly sql: string;
  readonly values: readonly string[];
}

/** Undefined where everything fits. Keys and values only ever come as values. */
export function filterSql(filter: MetadataFilter | undefined): FilterSql | undefined {
  const entries = Object.entries(filter ?? {});
  if (entries.length === 0) return undefined;
  const condition = 'document in (select document from facets where key = ? and value in (select value from json_each(?)))';
  return {
    sql: entries.map(() => condition).join(' and '),
    values: entries.flatMap(([key, wanted]) => [plainText(key), JSON.stringify([wanted].flat().map(facetValue))]),
  };
}

/** The facets of a document: whatever in its metadata is a single value. */
export function facetsOf(metadata: string): Array<[key: string, value: string]> {
  const parsed = JSON.parse(metadata) as Record<string, unknown>;
  return Object.entries(parsed).flatMap(([key, value]) => (typeof value === 'object' && value !== null ? [] : [[key, facetValue(value)]]));
}

function facetValue(value: unknown): string {
  return JSON.stringify(typeof value === 'string' ? plainText(value) : value) ?? 'null';
}
