/** Text as the terms that it is found by: words in lower case, without accents and endings. */
import snowball from 'snowball-stemmers';
import { type Language, languages } from './languages.ts';

/** The terms of a text, in its order. None is empty, and none holds anything but letters, digits and marks. */
export type Analyzer = (text: string) => string[];

/** What is longer is no word but data; its beginning is enough. In UTF-16 units. */
const maxWordLength = 64;
/** A vocabulary that is larger than this is stemmed again. */
const maxKnownWords = 100_000;

const words = /[\p{L}\p{N}\p{M}]+/gu;
const ascii = /^[\0-\x7f]*$/;
/** Scripts that put no spaces between words: these are told apart by a dictionary. */
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
/** Accents of Latin, Greek and Cyrillic, vowel points of Hebrew and Arabic: what people leave out when they ask. */
const accents = /[\u0300-\u036f\u05b0-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652]/g;
const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** Remembers what became of each word, since stemming is ten times dearer than finding it. */
export function analyzerFor(language: Language): Analyzer {
  const normalize = normalizerFor(language);
  const known = new Map<string, string>();
  const termOf = (word: string): string => {
    let term = known.get(word);
    if (term === undefined) {
      if (known.size >= maxKnownWords) known.clear();
      known.set(word, (term = normalize(word)));
    }
    return term;
  };
  return (text) => {
    const terms: string[] = [];
    for (const word of wordsOf(text)) {
      const term = termOf(word);
      if (term !== '') terms.push(term);
    }
    return terms;
  };
}

/** Compatibility forms are resolved first: PDFs are full of ligatures. */
function wordsOf(text: string): string[] {
  const isAscii = ascii.test(text);
  const found = (isAscii ? text : text.normalize('NFKC')).toLowerCase().match(words) ?? [];
  const parts = isAscii || !unspaced.test(text) ? found : found.flatMap((word) => (unspaced.test(word) ? segment(word) : word));
  return parts.map((word) => (word.length > maxWordLength ? word.slice(0, maxWordLength).toWellFormed().replace('\ufffd', '') : word));
}

function segment(word: string): string[] {
  return Array.from(segmenter.segment(word), (part) => part.segment);
}

/** A word's term; empty for a stop word. Accents go last: the stemmers want to see them. */
function normalizerFor(language: Language): (word: string) => string {
  if (language === 'none') return fold;
  const { stemmer: name, stopWords } = languages[language];
  const stemmer = snowball.newStemmer(name);
  // "don't" is two words here; so is it in the list.
  const stops = new Set(stopWords.flatMap((word) => wordsOf(word)));
  return (word) => (stops.has(word) ? '' : fold(stemmer.stem(word)));
}

/** Hangul falls apart in NFD, so all is put together again. */
function fold(word: string): string {
  return ascii.test(word) ? word : word.normalize('NFD').replace(accents, '').normalize('NFC');
}
