/** The lexical half of an embedded store: FTS5 finds candidates, and ranking puts them in order. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Analyzer } from '../../text/analyze.ts';
import { FrequencyCache } from '../frequency-cache.ts';
import { candidatesFor, fieldWeights, type Frequencies, type PassageWords, questionTerms, Ranking } from '../ranking.ts';
import type { SearchOptions } from '../store.ts';
import { type Scored, Top } from '../top.ts';
import { filterSql } from './filter.ts';

/** The texts of a passage that words are taken from. */
export interface PassageTexts {
  readonly title: string;
  readonly headings: readonly string[];
  readonly text: string;
}

interface Candidate extends PassageWords {
  readonly passage: number;
}

const bm25 = `bm25(words, ${fieldWeights.title}, ${fieldWeights.headings}, ${fieldWeights.body})`;

export class Words {
  readonly #database: DatabaseSync;
  readonly #analyze: Analyzer;
  /** A change to the terms goes with the same change to their index. */
  readonly #insert: readonly StatementSync[];
  readonly #remove: readonly StatementSync[];
  readonly #terms: StatementSync;
  readonly #frequency: StatementSync;
  readonly #passages: StatementSync;
  readonly #known = new FrequencyCache();

  constructor(database: DatabaseSync, analyze: Analyzer) {
    const prepareAll = (...statements: string[]) => statements.map((sql) => database.prepare(sql));
    this.#database = database;
    this.#analyze = analyze;
    this.#insert = prepareAll('insert into terms (passage, title, headings, body) values (?, ?, ?, ?)', 'insert into words (rowid, title, headings, body) values (?, ?, ?, ?)');
    this.#remove = prepareAll(
      "insert into words (words, rowid, title, headings, body) select 'delete', passage, title, headings, body from terms where passage = ?",
      'delete from terms where passage = ?',
    );
    this.#terms = database.prepare('select passage, title, headings, body from terms where passage = ?');
    this.#frequency = database.prepare('select doc from temp.frequencies where term = ?');
    this.#passages = database.prepare('select count(*) as count from passages');
  }

  put(passage: number, { title, headings, text }: PassageTexts): void {
    const terms = [title, headings.join('\n'), text].map((part) => this.#analyze(part).join(' '));
    for (const statement of this.#insert) statement.run(passage, ...terms);
  }

  remove(passage: number): void {
    for (const statement of this.#remove) statement.run(passage);
  }

  clear(): void {
    this.#known.clear();
    this.#database.exec("insert into words (words) values ('delete-all'); delete from terms;");
  }

  /** Keys of passages, best first. */
  search(question: string, { limit, filter }: SearchOptions): Array<Scored<number>> {
    const asked = this.#analyze(question);
    const frequencies = this.#frequencies(asked);
    const terms = questionTerms(asked, frequencies);
    if (terms.length === 0) return [];
    const candidates = this.#candidates(terms, { limit: candidatesFor(limit), filter });
    const ranking = new Ranking(candidates, this.#passages.get()?.['count'] as number);
    const weights = ranking.enrich(terms, ranking.scores(new Map(terms.map((term) => [term, 1])), frequencies));
    const scores = ranking.scores(weights, this.#frequencies(weights.keys()));
    const top = new Top<number>(limit);
    candidates.forEach(({ passage }, at) => top.offer(passage, scores[at] as number));
    return top.sorted();
  }

  /** Terms are letters, digits and marks: between quotes they can be nothing but terms. */
  #candidates(terms: readonly string[], { limit, filter }: SearchOptions): Candidate[] {
    const narrowed = filterSql(filter);
    // The plus keeps SQLite from looking up passage by passage.
    const within = narrowed ? `and +rowid in (select key from passages where ${narrowed.sql})` : '';
    const statement = this.#database.prepare(`select rowid from words where words match ? ${within} order by ${bm25} limit ?`);
    const match = terms.map((term) => `"${term}"`).join(' OR ');
    // In the same statement the terms of everything that matches would be read.
    return statement.all(match, ...(narrowed?.values ?? []), limit).map(({ rowid }) => this.#terms.get(rowid as number) as unknown as Candidate);
  }

  #frequencies(terms: Iterable<string>): Frequencies {
    return new Map(Array.from(new Set(terms), (term) => [term, this.#known.get(term) ?? this.#known.keep(term, this.#count(term))]));
  }

  #count(term: string): number {
    return (this.#frequency.get(term)?.['doc'] as number | undefined) ?? 0;
  }
}
