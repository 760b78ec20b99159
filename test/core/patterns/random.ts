/** Regular expressions and texts by chance: small ones, with everything that people write and some things that they hardly do. */
import fc from 'fast-check';

const characters = ['a', 'b', 'A', 'k', 's', 'S', '1', '_', ' ', '-', '\n', '\r', '\t', '.', 'é', 'É', 'ß', 'ẞ', 'ſ', 'K', 'σ', 'ς', 'θ', 'ϴ', '\u00a0', '\u2028', '\u3042', '\ufeff', '\ufffd', '😀', '\ud83d'];

export const text = fc.array(fc.constantFrom(...characters), { maxLength: 12 }).map((parts) => parts.join(''));

const literal = fc.constantFrom('a', 'b', 'A', 'k', 's', '1', ' ', '_', '-', 'é', 'ß', 'σ', 'K', 'ſ', '\\x41', '\\u00e9', '\\n', '\\t', '\\.', '\\/', '\\$', '\\-', '😀', '}', '{', ']', '\\0', '\\cA', '\\u{61}');
const set = fc.constantFrom('\\d', '\\D', '\\w', '\\W', '\\s', '\\S');
const member = fc.oneof(fc.constantFrom('a', 'b', 'A', 'k', 's', '1', '_', ' ', 'é', '[', '.', '^', '$', '\\]', '\\b', '\\n', 'a-k', 'A-z', '0-9', 'a-é', 'K', '\\x00-\\x7f', '\\u0000-\\uffff', '[:alpha:', '-', '\\-', '😀'), set);
const bracketed = fc.tuple(fc.constantFrom('', '^'), fc.array(member, { maxLength: 3 })).map(([not, members]) => `[${not}${members.join('')}]`);
const edge = fc.constantFrom('^', '$', '\\b', '\\B');
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,}', '{2}?', '{0}', '{,2}');

const { pattern } = fc.letrec<{ pattern: string; sequence: string; part: string; atom: string }>((tie) => ({
  pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
  sequence: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
  part: fc.oneof({ weight: 8, arbitrary: fc.tuple(tie('atom'), quantifier).map(([atom, repeated]) => atom + repeated) }, { weight: 1, arbitrary: edge }),
  atom: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'pattern' },
    { weight: 6, arbitrary: literal },
    { weight: 2, arbitrary: set },
    { weight: 3, arbitrary: bracketed },
    { weight: 2, arbitrary: fc.constant('.') },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('(', '(?:', '(?<n>', '(?=', '(?!', '(?<=', '(?<!'), tie('pattern')).map(([open, inside]) => `${open}${inside})`) },
    { weight: 1, arbitrary: fc.constantFrom('\\1', '\\k<n>', '\\p{L}') },
  ),
}));

export { pattern };

/** None where JavaScript itself does not take it. */
export function expressionOf(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}
