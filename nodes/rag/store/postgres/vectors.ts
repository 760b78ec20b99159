/** The vectors of a Postgres store: found by pgvector. */
import type { Hit, SearchOptions } from '../store.ts';
import type { Query } from './connection.ts';
import { filterSql } from './filter.ts';
import { foundColumns, toFound } from './rows.ts';
import type { Tables } from './schema.ts';

/** What pgvector allows for hnsw.ef_search. */
const maxCandidates = 1000;

/** In a transaction, for its settings end with it. Best first. */
export async function searchVectors(query: Query, { documents, passages }: Tables, vector: Float32Array, { limit, filter }: SearchOptions): Promise<Hit[]> {
  // The index looks at so many; and from 0.8 on it goes on looking where a filter leaves too few.
  await query("select set_config('hnsw.ef_search', $1, true)", [String(Math.min(maxCandidates, Math.max(100, limit)))]);
  await query("select set_config('hnsw.iterative_scan', 'strict_order', true) from pg_extension where extname = 'vector' and string_to_array(extversion, '.')::int[] >= '{0,8}'");
  const values: unknown[] = [`[${vector.join()}]`, limit];
  const narrowed = filterSql(filter, values);
  const sql = `select ${foundColumns}, 1 - (embedding <=> $1::vector) as score from ${passages} join ${documents} on id = document
    where embedding is not null ${narrowed} order by embedding <=> $1::vector limit $2`;
  const rows = await query(sql, values);
  // A vector of zeros has no direction, and so no cosine.
  const hits = rows.map((row) => ({ ...toFound(row), score: Number.isNaN(row['score']) ? 0 : (row['score'] as number) }));
  return hits.sort((one, other) => other.score - one.score);
}
