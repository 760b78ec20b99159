/** How much of a question a passage speaks of. BM25 orders passages, but its scores have no upper end and say nothing across questions. */
import { wordsOf } from './words.ts';

/** Words longer than this count no more. */
const longest = 6;

/**
 * For each text the share of the question's words that it holds, from 0 to 1. A word counts by how rare it is among the texts,
 * `ln(1 + n / df)` as in an inverse document frequency, and by its length up to six letters, as frequent words are short in all languages
 * (Zipf's law of abbreviation). So what stands everywhere (the, is) counts little without a list of stop words, and what stands in none of
 * the texts counts most: whatever is found for a question that the documents do not speak of comes out low. Words are the same where they
 * begin with the same five letters, or the shorter one, of four, begins the longer; those with digits only where they are equal.
 */
export function shareOfQuestion(question: string, texts: readonly string[]): number[] {
  const asked = [...new Set(wordsOf(question))];
  const held = texts.map((text) => formsOf(wordsOf(text)));
  const weights = asked.map((word) => lengthOf(word) * Math.log(1 + texts.length / Math.max(1, held.filter((forms) => holds(forms, word)).length)));
  const whole = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  return held.map((forms) => asked.reduce((sum, word, at) => sum + (holds(forms, word) ? (weights[at] ?? 0) : 0), 0) / whole);
}

/** Numbers, and names with numbers in them, are short and seldom small words. */
function lengthOf(word: string): number {
  return hasNumber(word) ? longest : Math.min(longest, word.length);
}

/** A star marks the beginning of a longer word. */
function formsOf(words: readonly string[]): Set<string> {
  const forms = new Set<string>();
  for (const word of words) {
    if (isExact(word)) {
      forms.add(word);
    } else {
      forms.add(word.slice(0, 5));
      forms.add(`${word.slice(0, 4)}*`);
    }
  }
  return forms;
}

function holds(forms: ReadonlySet<string>, word: string): boolean {
  if (isExact(word)) return forms.has(word);
  return word.length === 4 ? forms.has(`${word}*`) : forms.has(word.slice(0, 5)) || forms.has(word.slice(0, 4));
}

function isExact(word: string): boolean {
  return word.length < 4 || hasNumber(word);
}

function hasNumber(word: string): boolean {
  return /\p{N}/u.test(word);
}
