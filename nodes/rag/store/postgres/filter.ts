/** A metadata filter in SQL. */
import { plainText } from '../plain.ts';
import type { MetadataFilter } from '../store.ts';

/** Conditions on the column `metadata`, each with an `and` before it; what they compare with is added to the values. */
export function filterSql(filter: MetadataFilter | undefined, values: unknown[]): string {
  return Object.entries(filter ?? {})
    .map(([key, wanted]) => {
      // Of a value that JSON leaves out no condition would be left.
      const documents = [wanted].flat().map((value: unknown) => JSON.stringify({ [plainText(key)]: typeof value === 'string' ? plainText(value) : (value ?? null) }));
      return `and metadata @> any ($${values.push(documents)}::jsonb[])`;
    })
    .join(' ');
}
