/** Characters and sets of them, as RE2 writes them. */

/** One character by its number, so that it means nothing but itself. */
export function codeOf(point: number): string {
  return `\\x{${point.toString(16)}}`;
}

/** What JavaScript calls white space, and all else. RE2's own `\s` is fewer. */
const spaces = String.raw`\x{9}-\x{d}\x{20}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`;
const noSpaces = String.raw`\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`;

/** As they stand within brackets. */
export const namedSets: Readonly<Record<string, string>> = {
  d: '0-9',
  D: String.raw`\D`,
  w: '0-9A-Za-z_',
  // Its ranges would hold the sign of Kelvin, and with it a k.
  W: String.raw`\W`,
  s: spaces,
  S: noSpaces,
};

export const anyButLineEnds = String.raw`[^\x{a}\x{d}\x{2028}\x{2029}]`;
export const anything = '(?s:.)';

/** Letters that RE2 and JavaScript, with or without its `u` flag, do not take for the same others when case is ignored, or not for letters of words. */
const oddLetters = /[\u017f\u0390\u03b0\u03f4\u1e9e\u1f80-\u1fff\u2126\u212a\u212b\ufb05\ufb06]/;

export function hasOddLetters(text: string): boolean {
  return oddLetters.test(text);
}

const surrogates = /[\ud800-\udfff]/;

export function hasSurrogates(text: string): boolean {
  return surrogates.test(text);
}
