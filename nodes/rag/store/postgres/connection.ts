/** The connections of one store to its database. */
import type { Pool, PoolClient } from 'pg';
import { toFailure } from './failures.ts';

export interface ConnectionOptions {
  /** postgres://user:password@host:5432/database */
  readonly url: string;
  /** How many connections at most. */
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  /** For one statement. */
  readonly statementTimeoutMs: number;
}

export type Row = Record<string, unknown>;
/** Runs one statement. */
export type Query = (sql: string, values?: readonly unknown[]) => Promise<Row[]>;

export class Connection {
  /** For errors. */
  readonly host: string;
  readonly #options: ConnectionOptions;
  #pool: Promise<Pool> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.host = URL.parse(options.url)?.host || 'this address';
  }

  /** @throws LlmError for whatever fails */
  async run<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    try {
      return await this.#connected(work);
    } catch (error) {
      throw toFailure(error, this.host);
    }
  }

  /** All or nothing. */
  transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    return this.run(async (query) => {
      await query('begin');
      const result = await work(query);
      await query('commit');
      return result;
    });
  }

  /** Nothing may be under way. */
  async close(): Promise<void> {
    await (await this.#pool)?.end();
  }

  async #connected<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    const pool = await (this.#pool ??= this.#open());
    const client = await pool.connect();
    let failed = true;
    try {
      const result = await work(async (sql, values) => (await client.query(sql, values as unknown[])).rows as Row[]);
      failed = false;
      return result;
    } finally {
      await release(client, failed);
    }
  }

  /** The driver is loaded by who uses it. */
  async #open(): Promise<Pool> {
    const { default: pg } = await import('pg');
    const { url, poolSize, connectTimeoutMs, statementTimeoutMs } = this.#options;
    const pool = new pg.Pool({
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
      application_name: 'node-red-knowledge',
      allowExitOnIdle: true,
    });
    // An idle connection that breaks is replaced; nobody waits for it.
    pool.on('error', () => undefined);
    return pool;
  }
}

/** A connection that cannot even roll back is given up. */
async function release(client: PoolClient, failed: boolean): Promise<void> {
  if (!failed) return client.release();
  try {
    await client.query('rollback');
    client.release();
  } catch (error) {
    client.release(error as Error);
  }
}
