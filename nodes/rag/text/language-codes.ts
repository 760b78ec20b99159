/** The languages that a store knows, by ISO 639-1 code, without their rules. Read by the runtime and by the editor. */

export const languageCodes = ['da', 'de', 'en', 'es', 'fi', 'fr', 'hu', 'it', 'nl', 'no', 'pt', 'ro', 'ru', 'sv', 'tr'] as const;
export type LanguageCode = (typeof languageCodes)[number];

/** What a store's texts are written in; `none` for several languages or another one: words are kept as they are. */
export type Language = LanguageCode | 'none';
