/** The limits that every backend has, with their defaults and bounds. Read by the runtime and by the editor. */
import { type NumberBounds, readNumber } from './fields.ts';

export interface LimitField {
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Zero switches a timer off; zero for `maxConcurrent` means no bound. */
export const limitFields = {
  connectTimeoutMs: { value: 10_000, min: 0, max: hourMs },
  firstTokenTimeoutMs: { value: 120_000, min: 0, max: dayMs },
  idleTimeoutMs: { value: 60_000, min: 0, max: dayMs },
  totalTimeoutMs: { value: 600_000, min: 0, max: dayMs },
  retries: { value: 2, min: 0, max: 20 },
  retryBaseMs: { value: 500, min: 0, max: hourMs },
  retryMaxMs: { value: 8_000, min: 0, max: hourMs },
  breakerFailures: { value: 5, min: 0, max: 1_000 },
  breakerOpenMs: { value: 30_000, min: 1, max: dayMs },
  maxConcurrent: { value: 0, min: 0, max: 100_000 },
  maxQueued: { value: 100, min: 0, max: 1_000_000 },
  /** A thousand embeddings fit; no text of a model comes near. */
  maxAnswerKb: { value: 65_536, min: 1, max: 1_048_576 },
} as const satisfies Record<string, LimitField>;

export type LimitName = keyof typeof limitFields;
export type Limits = Readonly<Record<LimitName, number>>;

export const limitNames = Object.keys(limitFields) as LimitName[];

export const defaultLimits: Limits = Object.fromEntries(limitNames.map((name) => [name, limitFields[name].value])) as Limits;

/**
 * The limits in a node's configuration. A missing or empty one takes its default.
 * @throws RangeError that names the first limit which is no whole number within its bounds.
 */
export function readLimits(config: Readonly<Partial<Record<LimitName, unknown>>>): Limits {
  return Object.fromEntries(limitNames.map((name) => [name, readLimit(name, config[name])])) as Limits;
}

function readLimit(name: LimitName, given: unknown): number {
  const { value, min, max } = limitFields[name];
  return readNumber(name, given, { min, max, integer: true }) ?? value;
}

/** How often a server of one's own is asked for its health, in ms; 0 switches the question off. */
export const healthInterval: LimitField = { value: 15_000, min: 0, max: hourMs };

/** How long a client may take nothing of an answer that waits for it, in ms; 0 lets it stand still for ever. */
export const readerStall: LimitField = { value: 60_000, min: 0, max: dayMs };

/** Bounds of the sampling settings, of a node and of `msg.llm` alike. Wide on purpose: a model's own bounds are its server's business. */
export const settingBounds = {
  maxTokens: { min: 1, max: 10_000_000, integer: true },
  temperature: { min: 0, max: 5 },
  topP: { min: 0, max: 1 },
} as const satisfies Record<string, NumberBounds>;
