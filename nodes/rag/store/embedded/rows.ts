/** Rows of an embedded store as what they mean. */
import type { SQLOutputValue } from 'node:sqlite';
import type { DocumentFacts, Found, Metadata } from '../store.ts';

export type Row = Record<string, SQLOutputValue>;

/** From a row of `documents`. */
export function toFacts(row: Row): DocumentFacts {
  return {
    ...toDocument(row),
    hash: row['hash'] as string,
    passages: row['passages'] as number,
    embedded: row['embedded'] === 1,
    indexedAt: row['indexedAt'] as number,
  };
}

/** From a row of `passages` with its row of `documents`. */
export function toFound(row: Row): Found {
  const page = row['page'];
  return {
    document: toDocument(row),
    passage: {
      text: row['text'] as string,
      headings: JSON.parse(row['headings'] as string) as string[],
      start: row['start'] as number,
      end: row['end'] as number,
      ...(typeof page === 'number' && { page }),
    },
    ordinal: row['ordinal'] as number,
  };
}

function toDocument(row: Row): Found['document'] {
  return { id: row['id'] as string, title: row['title'] as string, source: row['source'] as string, metadata: JSON.parse(row['metadata'] as string) as Metadata };
}
