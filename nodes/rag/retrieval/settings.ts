/** The settings of a search for passages, with their defaults and bounds. Read by the runtime and by the editor. */
import { type NumberBounds, readChoice, readNumber } from '../../core/fields.ts';

export interface RetrievalField extends NumberBounds {
  readonly value: number;
}

export const retrievalFields = {
  /** How many passages each search brings; what comes after chooses among them. */
  candidates: { value: 50, min: 1, max: 1_000, integer: true },
  /** How many of them a reranker reads; the others are dropped. */
  rerankCandidates: { value: 20, min: 1, max: 1_000, integer: true },
  /** What goes into the prompt at most, passages joined with their neighbors counted as one. */
  maxPassages: { value: 6, min: 1, max: 100, integer: true },
  /** Of the texts of all passages together, estimated. */
  maxTokens: { value: 1_500, min: 16, max: 1_000_000, integer: true },
  /** Passages less relevant than this are left out; 0 lets all through. What it is measured by depends on the mode: see `retrieve`. */
  minScore: { value: 0, min: 0, max: 1 },
  /** How many neighbors on each side a passage brings along. */
  widen: { value: 0, min: 0, max: 10, integer: true },
} as const satisfies Record<string, RetrievalField>;

export type RetrievalNumber = keyof typeof retrievalFields;

/** By words, by meaning, or both; the first is the default. */
export const retrievalModes = ['hybrid', 'lexical', 'vector'] as const;
export type RetrievalMode = (typeof retrievalModes)[number];

export interface RetrievalSettings extends Readonly<Record<RetrievalNumber, number>> {
  readonly mode: RetrievalMode;
}

const names = Object.keys(retrievalFields) as RetrievalNumber[];

/** A missing or empty setting takes its default. @throws RangeError that names the first one that is wrong */
export function readRetrievalSettings(config: Readonly<Record<string, unknown>>): RetrievalSettings {
  const numbers = Object.fromEntries(names.map((name) => [name, readRetrievalField(name, config[name])])) as Record<RetrievalNumber, number>;
  return { mode: readChoice('mode', config['mode'], retrievalModes), ...numbers };
}

/** @throws RangeError that names the field */
export function readRetrievalField(name: RetrievalNumber, given: unknown): number {
  const field = retrievalFields[name];
  return readNumber(name, given, field) ?? field.value;
}
