/** The settings of embedding, with their defaults and bounds. Read by the runtime and by the editor. */
import { readNumber } from '../../core/fields.ts';
import type { LimitField } from '../../core/limits.ts';

export const embeddingFields = {
  /** Texts in one request. */
  batchSize: { value: 32, min: 1, max: 2_048 },
  /** Tokens in one request, estimated; a text of more goes alone. */
  maxBatchTokens: { value: 8_192, min: 1, max: 1_000_000 },
  /** Requests at once. */
  concurrency: { value: 2, min: 1, max: 64 },
} as const satisfies Record<string, LimitField>;

export type EmbeddingField = keyof typeof embeddingFields;

/**
 * What some models want before each text, as they were trained with it: E5 has `query: ` and `passage: `, nomic-embed-text has
 * `search_query: ` and `search_document: `. Empty for the others.
 */
export interface EmbeddingPrefixes {
  readonly questionPrefix: string;
  readonly passagePrefix: string;
}

export interface EmbeddingSettings extends Readonly<Record<EmbeddingField, number>>, EmbeddingPrefixes {}

/** A missing or empty setting takes its default. @throws RangeError that names the first one that is wrong */
export function readEmbeddingSettings(config: Readonly<Record<string, unknown>>): EmbeddingSettings {
  return {
    batchSize: readEmbeddingField('batchSize', config['batchSize']),
    maxBatchTokens: readEmbeddingField('maxBatchTokens', config['maxBatchTokens']),
    concurrency: readEmbeddingField('concurrency', config['concurrency']),
    questionPrefix: readPrefix(config['questionPrefix']),
    passagePrefix: readPrefix(config['passagePrefix']),
  };
}

/** @throws RangeError that names the field */
export function readEmbeddingField(name: EmbeddingField, given: unknown): number {
  const { value, min, max } = embeddingFields[name];
  return readNumber(name, given, { min, max, integer: true }) ?? value;
}

/** Its blanks count: they stand between it and the text. */
function readPrefix(given: unknown): string {
  return typeof given === 'string' ? given : '';
}
