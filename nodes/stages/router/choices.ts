/** The two ways in which a router decides. */
import { LlmError } from '../../core/errors.ts';
import { hashToUnit } from '../../core/hash.ts';
import { PatternFailure } from '../../core/patterns/time-box.ts';
import { percentTolerance } from '../../core/stage-settings.ts';
import type { LlmMessage } from '../../runtime/calls.ts';
import type { StickyKey } from '../../runtime/sticky-key.ts';
import type { Choice, RouterRow } from './policy.ts';
import type { Rule } from './rules.ts';

export interface SplitRow extends RouterRow {
  readonly percent: number;
}

export interface RuleRow extends RouterRow {
  readonly rule: Rule;
}

/** By shares: at random, or the same side each time for the same key. A shadow row's share is that of the copies. */
export class Split implements Choice<SplitRow> {
  readonly #key: StickyKey | undefined;

  /** @throws RangeError where the shares of the rows that answer are not 100 in all */
  constructor(rows: readonly SplitRow[], key: StickyKey | undefined) {
    this.#key = key;
    const sum = round(sumOf(rows.filter(({ shadow }) => !shadow)));
    if (round(Math.abs(sum - 100)) > percentTolerance) throw new RangeError(`The percentages add up to ${sum}, not to 100.`);
  }

  async choose(rows: readonly SplitRow[], msg: LlmMessage): Promise<SplitRow | undefined> {
    const key = await this.#key?.read(msg);
    let left = (key === undefined ? Math.random() : hashToUnit(key)) * sumOf(rows);
    const taken = rows.filter(({ percent }) => percent > 0);
    return taken.find(({ percent }) => (left -= percent) < 0) ?? taken.at(-1);
  }

  copies({ percent }: SplitRow): Promise<boolean> {
    return Promise.resolve(Math.random() * 100 < percent);
  }
}

function sumOf(rows: readonly SplitRow[]): number {
  return rows.reduce((sum, { percent }) => sum + percent, 0);
}

/** Sums of fractions have crumbs. */
function round(percent: number): number {
  return Math.round(percent * 100) / 100;
}

/** By rules: the first one that fits. */
export class Rules implements Choice<RuleRow> {
  async choose(rows: readonly RuleRow[], msg: LlmMessage): Promise<RuleRow | undefined> {
    for (const row of rows) if (await this.copies(row, msg)) return row;
    return undefined;
  }

  async copies({ rule, name }: RuleRow, msg: LlmMessage): Promise<boolean> {
    try {
      return await rule.matches(msg);
    } catch (error) {
      if (error instanceof PatternFailure) throw patternFailure(name, error);
      // What an expression says of its failure may quote the message.
      throw new LlmError('misconfigured', `The rule of the row ${name} failed.`, { hint: 'Try its expression or pattern with such a message.' });
    }
  }
}

/** A limit of ours, and nobody's fault: neither who asks nor who answers is told off for it. */
function patternFailure(name: string, { reason, message }: PatternFailure): LlmError {
  const hint = 'Write its pattern without look-around and back-references, or with fewer repetitions within each other.';
  return new LlmError(reason === 'failed' ? 'misconfigured' : 'shed', `The rule of the row ${name} failed for the text of this request. ${message}`, { hint });
}
