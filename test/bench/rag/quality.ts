/** How good the lexical search is, without any model. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedStore } from '../../../nodes/rag/store/embedded/embedded-store.ts';
import { type Collection, evaluate, loadCranfield, type Quality } from './cranfield.ts';

const depth = 100;

/** The table, or why there is none. */
export async function measureQuality(folder: string): Promise<string> {
  const collection = loadCranfield();
  if (!collection) return 'The Cranfield collection is not there, so nothing is said about quality: it is looked for in ../shared/data/cranfield.';
  const rows = { 'plain FTS5, porter, bm25': await plain(collection), 'embedded store': await embedded(collection, folder) };
  const cells = ({ ndcg10, recall10, recall100, mrr }: Quality) => [ndcg10, recall10, recall100, mrr].map((value) => value.toFixed(3)).join(' | ');
  return [
    '| Cranfield, odd questions, then even ones | nDCG@10 | recall@10 | recall@100 | MRR | nDCG@10 | recall@10 | recall@100 | MRR |',
    '|---|---|---|---|---|---|---|---|---|',
    ...Object.entries(rows).map(([name, { odd, even }]) => `| ${name} | ${cells(odd)} | ${cells(even)} |`),
  ].join('\n');
}

type Result = ReturnType<typeof evaluate>;

function plain(collection: Collection): Result {
  const database = new DatabaseSync(':memory:');
  database.exec("create virtual table words using fts5 (text, tokenize = 'porter unicode61')");
  const insert = database.prepare('insert into words (rowid, text) values (?, ?)');
  for (const { id, text } of collection.documents) insert.run(Number(id), text);
  const select = database.prepare('select rowid from words where words match ? order by rank limit ?');
  return evaluate(collection, (question) => {
    const match = (question.match(/[a-z0-9]+/gi) ?? []).map((word) => `"${word}"`).join(' OR ');
    return select.all(match, depth).map(({ rowid }) => String(rowid));
  });
}

async function embedded(collection: Collection, folder: string): Result {
  const store = new EmbeddedStore({ path: join(folder, 'cranfield.db') });
  for (const { id, title, text } of collection.documents) {
    await store.put({ id, title, source: '', metadata: {}, hash: '' }, [{ text, headings: [], start: 0, end: text.length }]);
  }
  const result = await evaluate(collection, async (question) => (await store.searchWords(question, { limit: depth })).map(({ document }) => document.id));
  await store.close();
  return result;
}
