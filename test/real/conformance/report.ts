/** Which real server, in which version, met which rows, for whom; printed when its rows are through. */

interface Skipped {
  why: string;
}

type Outcome = 'met' | 'failed' | Skipped;

export class Report {
  /** By subject and row. */
  readonly #outcomes = new Map<string, Map<string, Outcome>>();

  /** Runs a row and keeps what came of it. A row that resolves with a sentence is skipped for that reason. */
  async keep(row: string, subject: string, run: () => Promise<string | void>): Promise<string | void> {
    this.#set(row, subject, 'failed');
    const why = await run();
    this.#set(row, subject, why === undefined ? 'met' : { why });
    return why;
  }

  /** One line for the server, one for each subject, and why rows were skipped. */
  print(server: string): void {
    console.log(`\n${server}`);
    for (const [subject, outcomes] of this.#outcomes) {
      const rows = [...outcomes];
      const failed = rows.filter(([, outcome]) => outcome === 'failed');
      const skipped = rows.filter(([, outcome]) => typeof outcome === 'object');
      console.log(`  ${subject}: met ${rows.length - failed.length - skipped.length} of ${rows.length} rows`);
      for (const [row] of failed) console.log(`    failed: ${row}`);
      for (const [row, outcome] of skipped) console.log(`    skipped: ${row} – ${(outcome as Skipped).why}`);
    }
  }

  #set(row: string, subject: string, outcome: Outcome): void {
    const rows = this.#outcomes.get(subject) ?? new Map<string, Outcome>();
    this.#outcomes.set(subject, rows.set(row, outcome));
  }
}
