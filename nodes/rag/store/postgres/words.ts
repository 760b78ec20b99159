/** The lexical half of a Postgres store: a GIN index finds candidates, and ranking puts them in order. */
import type { Analyzer } from '../../text/analyze.ts';
import { FrequencyCache } from '../frequency-cache.ts';
import { candidatesFor, fieldWeights, type Frequencies, questionTerms, Ranking, rarity } from '../ranking.ts';
import type { Hit, SearchOptions } from '../store.ts';
import { type Scored, Top } from '../top.ts';
import type { Query, Row } from './connection.ts';
import { filterSql } from './filter.ts';
import { foundColumns, toFound } from './rows.ts';
import type { Tables } from './schema.ts';

/** Where one term stands in so many passages, it says nothing; counting on would cost more. */
const maxFrequency = 10_000;
/** Postgres's bounds for places in a tsvector. */
const maxPosition = 16_383;
const maxPositionsOfTerm = 255;

/** For ts_rank, from weight D to A. */
const rankWeights = [fieldWeights.body, 0, fieldWeights.headings, fieldWeights.title].map((weight) => weight / fieldWeights.title);

export interface PassageTerms {
  readonly title: string;
  readonly headings: string;
  readonly body: string;
  readonly words: string;
}

export class Words {
  readonly #tables: Tables;
  readonly #analyze: Analyzer;
  /** Of terms, and of all passages under the empty term. */
  readonly #known = new FrequencyCache();

  constructor(tables: Tables, analyze: Analyzer) {
    this.#tables = tables;
    this.#analyze = analyze;
  }

  /** Made here and not by Postgres, whose parsers know neither Chinese nor our stemmers. */
  termsOf(title: string, headings: readonly string[], text: string): PassageTerms {
    const fields = [title, headings.join('\n'), text].map((part) => this.#analyze(part));
    const [inTitle = '', inHeadings = '', body = ''] = fields.map((terms) => terms.join(' '));
    return { title: inTitle, headings: inHeadings, body, words: toTsvector(fields) };
  }

  forget(): void {
    this.#known.clear();
  }

  /** Best first. */
  async search(query: Query, question: string, { limit, filter }: SearchOptions): Promise<Hit[]> {
    const asked = this.#analyze(question);
    const frequencies = await this.#frequencies(query, asked);
    const terms = questionTerms(asked, frequencies);
    if (terms.length === 0) return [];
    const passages = await this.#passages(query);
    const rows = await this.#candidates(query, terms, terms.map((term) => rarity(frequencies.get(term) ?? 0, passages)), { limit: candidatesFor(limit), filter });
    if (rows.length === 0) return [];
    const ranking = new Ranking(rows.map((row) => ({ title: String(row['title_terms']), headings: String(row['heading_terms']), body: String(row['body_terms']) })), passages);
    const weights = ranking.enrich(terms, ranking.scores(new Map(terms.map((term) => [term, 1])), frequencies));
    const scores = ranking.scores(weights, await this.#frequencies(query, [...weights.keys()]));
    const top = new Top<Row>(limit);
    rows.forEach((row, at) => top.offer(row, scores[at] as number));
    return this.#hits(query, top.sorted());
  }

  /** First by how much the terms say that a passage has, for ts_rank knows nothing of that; ts_rank then tells its equals apart. */
  #candidates(query: Query, terms: readonly string[], rarities: readonly number[], { limit, filter }: SearchOptions): Promise<Row[]> {
    const { documents, passages } = this.#tables;
    const quoted = terms.map((term) => `'${term}'`);
    const values: unknown[] = [quoted.join(' | '), quoted, rarities, limit];
    const narrowed = filterSql(filter, values);
    const said = '(select sum(said.rarity) from unnest($2::text[], $3::float8[]) as said (term, rarity) where words @@ said.term::tsquery)';
    const sql = `select document, ordinal, title_terms, heading_terms, body_terms from ${passages} join ${documents} on id = document where words @@ $1::tsquery ${narrowed}
      order by ${said} + ts_rank('{${rankWeights.join()}}', words, $1::tsquery, 1) desc limit $4`;
    return query(sql, values);
  }

  /** The texts of those alone that are wanted. */
  async #hits(query: Query, scored: ReadonlyArray<Scored<Row>>): Promise<Hit[]> {
    const { documents, passages } = this.#tables;
    const sql = `select ${foundColumns} from unnest($1::text[], $2::integer[]) with ordinality as wanted (document, ordinal, place)
      join ${passages} using (document, ordinal) join ${documents} on id = document order by place`;
    const rows = await query(sql, [scored.map(({ item }) => item['document']), scored.map(({ item }) => item['ordinal'])]);
    const scores = new Map(scored.map(({ item, score }) => [`${String(item['ordinal'])} ${String(item['document'])}`, score]));
    return rows.map((row) => ({ ...toFound(row), score: scores.get(`${String(row['ordinal'])} ${String(row['id'])}`) ?? 0 }));
  }

  async #passages(query: Query): Promise<number> {
    const known = this.#known.get('');
    if (known !== undefined) return known;
    const [row] = await query(`select count(*)::int as count from ${this.#tables.passages}`);
    return this.#known.keep('', row?.['count'] as number);
  }

  async #frequencies(query: Query, terms: readonly string[]): Promise<Frequencies> {
    const unknown = [...new Set(terms)].filter((term) => this.#known.get(term) === undefined);
    const counts = new Map(terms.map((term) => [term, this.#known.get(term) ?? 0]));
    if (unknown.length === 0) return counts;
    const sql = `select term, (select count(*)::int from (select from ${this.#tables.passages} where words @@ ('''' || term || '''')::tsquery limit ${maxFrequency}) as found) as count from unnest($1::text[]) as term`;
    for (const { term, count } of await query(sql, [unknown])) counts.set(String(term), this.#known.keep(String(term), count as number));
    return counts;
  }
}

/** Postgres's input format, postgresql.org/docs/current/datatype-textsearch.html. Terms are letters, digits and marks: between quotes they are safe. */
function toTsvector(fields: readonly string[][]): string {
  const places = new Map<string, string[]>();
  let position = 0;
  fields.forEach((terms, field) => {
    for (const term of terms) {
      position = Math.min(position + 1, maxPosition);
      const own = places.get(term);
      const place = `${position}${['A', 'B', ''][field] ?? ''}`;
      if (!own) places.set(term, [place]);
      else if (own.length < maxPositionsOfTerm) own.push(place);
    }
  });
  return Array.from(places, ([term, own]) => `'${term}':${own.join()}`).join(' ');
}
