/** The regular expressions that a person gives for what is to be taken out, one a line. Read by the runtime and by the editor. */
import { type Flags, isLinear } from '../../core/patterns/syntax.ts';

/** So many expressions of a person's own, each so long. */
const maxPatterns = 50;
const maxPatternChars = 500;

/** @throws RangeError that names the line, counted from 1 */
export function readPatterns(given: unknown): string[] {
  const wrong = wrongPattern(given);
  if (wrong) throw new RangeError(`redactPatterns, line ${wrong.line}: ${complaints[wrong.reason]}`);
  return linesOf(given).filter((line) => line !== '');
}

const complaints = {
  syntax: 'it is no regular expression.',
  everywhere: 'it would match everywhere.',
  long: `it is longer than ${maxPatternChars} characters.`,
  many: `at most ${maxPatterns} are taken.`,
} as const;

/** The first line that cannot be taken, and why. */
export function wrongPattern(given: unknown): { readonly line: number; readonly reason: keyof typeof complaints } | undefined {
  let count = 0;
  for (const [index, pattern] of linesOf(given).entries()) {
    if (pattern === '') continue;
    const reason = ++count > maxPatterns ? 'many' : reasonAgainst(pattern);
    if (reason) return { line: index + 1, reason };
  }
  return undefined;
}

function reasonAgainst(pattern: string): 'syntax' | 'everywhere' | 'long' | undefined {
  if (pattern.length > maxPatternChars) return 'long';
  try {
    return expressionOf(pattern).test('') ? 'everywhere' : undefined;
  } catch {
    return 'syntax';
  }
}

function linesOf(given: unknown): string[] {
  return String(given ?? '').split('\n').map((line) => line.trim());
}

/** @throws SyntaxError */
function expressionOf(pattern: string): RegExp {
  return new RegExp(pattern, flagsOf(pattern).unicode ? 'iu' : 'i');
}

/** Upper and lower case are the same: rather too much is taken out than too little. */
export function flagsOf(pattern: string): Flags {
  try {
    void new RegExp(pattern, 'u');
    return { ignoreCase: true, unicode: true };
  } catch {
    // Some are right only by the older rules.
    return { ignoreCase: true, unicode: false };
  }
}

/** The first line that RE2 has no words for, counted from 1: it is tried for a while only. */
export function timedPattern(given: unknown): number | undefined {
  const index = linesOf(given).findIndex((pattern) => pattern !== '' && !reasonAgainst(pattern) && !isLinear(pattern, flagsOf(pattern)));
  return index < 0 ? undefined : index + 1;
}
