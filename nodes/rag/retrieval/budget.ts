/** How many passages go into a prompt. */
import { estimateTokenCount } from 'tokenx';
import type { Found } from '../store/store.ts';
import { keyOf, runsOf } from './join.ts';

export interface Budget {
  /** Of the texts, estimated. */
  readonly maxTokens: number;
  /** Runs of passages that go on from each other count as one. */
  readonly maxPassages: number;
}

/** An empty line where two passages are joined. */
const tokensOfJoint = 1;

/**
 * The passages of as many units as fit, in runs. A unit is a passage alone or with its neighbors; the best one comes first, and one that
 * does not fit is passed over. Where units share passages, these count once.
 */
export function fit(units: ReadonlyArray<readonly Found[]>, { maxTokens, maxPassages }: Budget): Found[][] {
  const taken = new Map<string, Found>();
  let tokens = 0;
  for (const unit of units) {
    const added = unit.filter((found) => !taken.has(keyOf(found)));
    const cost = added.reduce((sum, { passage }) => sum + estimateTokenCount(passage.text) + tokensOfJoint, 0);
    if (added.length === 0 || tokens + cost > maxTokens) continue;
    if (runsOf([...taken.values(), ...added]).length > maxPassages) continue;
    for (const found of added) taken.set(keyOf(found), found);
    tokens += cost;
  }
  return runsOf([...taken.values()]);
}

/** A beginning of a text, as long as it may be within that many tokens, at the end of a word where one is near. At least a character. */
export function cutToTokens(text: string, maxTokens: number): string {
  if (estimateTokenCount(text) <= maxTokens) return text;
  let [fits, tooLong] = [0, text.length];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (estimateTokenCount(beginning(text, middle)) <= maxTokens) fits = middle;
    else tooLong = middle;
  }
  return beginning(text, fits) || String.fromCodePoint(text.codePointAt(0) ?? 32);
}

function beginning(text: string, length: number): string {
  const cut = text.slice(0, length);
  const words = /^[^]*\S(?=\s)/.exec(cut)?.[0] ?? '';
  if (words.length > length * 0.8) return words;
  // Half of a surrogate pair is no character.
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
