/** The languages whose words are stemmed, each with its words that say nothing about a text. */
import { stopwords as danish } from '@orama/stopwords/danish';
import { stopwords as dutch } from '@orama/stopwords/dutch';
import { stopwords as english } from '@orama/stopwords/english';
import { stopwords as finnish } from '@orama/stopwords/finnish';
import { stopwords as french } from '@orama/stopwords/french';
import { stopwords as german } from '@orama/stopwords/german';
import { stopwords as hungarian } from '@orama/stopwords/hungarian';
import { stopwords as italian } from '@orama/stopwords/italian';
import { stopwords as norwegian } from '@orama/stopwords/norwegian';
import { stopwords as portuguese } from '@orama/stopwords/portuguese';
import { stopwords as romanian } from '@orama/stopwords/romanian';
import { stopwords as russian } from '@orama/stopwords/russian';
import { stopwords as spanish } from '@orama/stopwords/spanish';
import { stopwords as swedish } from '@orama/stopwords/swedish';
import { stopwords as turkish } from '@orama/stopwords/turkish';
import type { Language, LanguageCode } from './language-codes.ts';

export type { Language } from './language-codes.ts';

export interface LanguageRules {
  /** The name of its Snowball stemmer. */
  readonly stemmer: string;
  readonly stopWords: readonly string[];
}

/** By ISO 639-1 code. */
export const languages = {
  da: { stemmer: 'danish', stopWords: danish },
  de: { stemmer: 'german', stopWords: german },
  // The library's list lacks the commonest word but one.
  en: { stemmer: 'english', stopWords: ['a', ...english] },
  es: { stemmer: 'spanish', stopWords: spanish },
  fi: { stemmer: 'finnish', stopWords: finnish },
  fr: { stemmer: 'french', stopWords: french },
  hu: { stemmer: 'hungarian', stopWords: hungarian },
  it: { stemmer: 'italian', stopWords: italian },
  nl: { stemmer: 'dutch', stopWords: dutch },
  no: { stemmer: 'norwegian', stopWords: norwegian },
  pt: { stemmer: 'portuguese', stopWords: portuguese },
  ro: { stemmer: 'romanian', stopWords: romanian },
  ru: { stemmer: 'russian', stopWords: russian },
  sv: { stemmer: 'swedish', stopWords: swedish },
  tr: { stemmer: 'turkish', stopWords: turkish },
} as const satisfies Record<LanguageCode, LanguageRules>;

export function isLanguage(value: unknown): value is Language {
  return typeof value === 'string' && (value === 'none' || Object.hasOwn(languages, value));
}
