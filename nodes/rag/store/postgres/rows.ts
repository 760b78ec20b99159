/** Rows of a Postgres store as what they mean. */
import type { DocumentFacts, Found, Metadata } from '../store.ts';
import type { Row } from './connection.ts';

/** What {@link toFound} needs of passages joined with their documents. */
export const foundColumns = 'id, title, source, metadata, ordinal, text, headings, start_at, end_at, page';

/** From a row of documents. */
export function toFacts(row: Row): DocumentFacts {
  return {
    ...toDocument(row),
    hash: row['hash'] as string,
    passages: row['passages'] as number,
    embedded: row['embedded'] as boolean,
    // The driver hands 64 bits over as text.
    indexedAt: Number(row['indexed_at']),
  };
}

/** From a row of {@link foundColumns}. */
export function toFound(row: Row): Found {
  const page = row['page'];
  return {
    document: toDocument(row),
    passage: {
      text: row['text'] as string,
      headings: row['headings'] as string[],
      start: row['start_at'] as number,
      end: row['end_at'] as number,
      ...(typeof page === 'number' && { page }),
    },
    ordinal: row['ordinal'] as number,
  };
}

/** From pgvector's text. */
export function toVector(text: unknown): Float32Array<ArrayBuffer> {
  return new Float32Array(JSON.parse(String(text)) as number[]);
}

function toDocument(row: Row): Found['document'] {
  return { id: row['id'] as string, title: row['title'] as string, source: row['source'] as string, metadata: row['metadata'] as Metadata };
}
