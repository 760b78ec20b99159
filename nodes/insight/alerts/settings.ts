/** What can be watched, with the bounds at which an alert fires. Read by the runtime and by the editor. */
import { type NumberBounds, readChoice, readNumber } from '../../core/fields.ts';
import { isRecord } from '../../core/json.ts';
import type { LimitField } from '../../core/limits.ts';

export const measures = ['latency', 'firstToken', 'failures', 'breaker', 'down', 'waiting', 'costHour', 'costDay'] as const;

export type Measure = (typeof measures)[number];

/** `front` takes all requests as their senders saw them, `backends` each backend by itself. */
export const scopes = ['front', 'backends'] as const;

export type Scope = (typeof scopes)[number];

/** In the unit of each: seconds, percent, requests, US dollars. A breaker and a server that is down have none. */
export const thresholds: Readonly<Partial<Record<Measure, LimitField>>> = {
  latency: { value: 30, min: 0, max: 86_400 },
  firstToken: { value: 10, min: 0, max: 86_400 },
  failures: { value: 20, min: 0, max: 100 },
  waiting: { value: 10, min: 0, max: 1_000_000 },
  costHour: { value: 1, min: 0, max: 1_000_000 },
  costDay: { value: 10, min: 0, max: 1_000_000 },
};

/** Those that may be asked of each backend. */
export const scopedMeasures: readonly Measure[] = ['latency', 'firstToken', 'failures'];

export const minutesField: NumberBounds = { min: 0, max: 1_440 };

/** What swings is watched for a while; what is a fact is told at once. */
export function defaultMinutes(measure: Measure): number {
  return ['latency', 'firstToken', 'failures', 'waiting'].includes(measure) ? 5 : 0;
}

export interface AlertRule {
  readonly name: string;
  readonly measure: Measure;
  readonly scope: Scope;
  /** In the measure's unit; 0 where it has none. */
  readonly above: number;
  /** For how long it must be above, in ms. */
  readonly forMs: number;
}

const mostAlerts = 50;

/** @throws RangeError that names what is wrong */
export function readAlerts(given: unknown): AlertRule[] {
  if (given === undefined || given === '') return [];
  if (!Array.isArray(given)) throw new RangeError('alerts must be a list.');
  if (given.length > mostAlerts) throw new RangeError(`alerts must have at most ${mostAlerts} rows.`);
  return given.map((row: unknown) => readAlert(isRecord(row) ? row : {}));
}

function readAlert({ name, measure: givenMeasure, scope, above, minutes }: Record<string, unknown>): AlertRule {
  const measure = readChoice('measure', givenMeasure, measures);
  const threshold = thresholds[measure];
  return {
    name: typeof name === 'string' && name.trim() !== '' ? name.trim() : measure,
    measure,
    scope: scopedMeasures.includes(measure) ? readChoice('scope', scope, scopes) : 'front',
    above: threshold ? (readNumber('above', above, threshold) ?? threshold.value) : 0,
    forMs: (readNumber('minutes', minutes, minutesField) ?? defaultMinutes(measure)) * 60_000,
  };
}
