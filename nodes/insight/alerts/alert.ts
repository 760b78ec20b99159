/** What an alert says, as data and as a sentence. */
import type { BackendIdentity } from '../../core/completion.ts';
import type { AlertRule, Measure } from './settings.ts';

export interface Alert {
  readonly state: 'fired' | 'resolved';
  readonly name: string;
  readonly measure: Measure;
  /** The value of now, in the measure's unit; null where there is none any more. */
  readonly value: number | null;
  /** Above it the alert fires. */
  readonly threshold: number;
  readonly unit: string;
  readonly minutes: number;
  /** The backend that it is about; absent where it is about all requests. */
  readonly node?: BackendIdentity;
  /** ISO 8601, UTC. */
  readonly time: string;
}

const units: Readonly<Record<Measure, string>> = { latency: 's', firstToken: 's', failures: '%', breaker: '', down: '', waiting: 'requests', costHour: 'USD', costDay: 'USD' };

const nouns: Readonly<Record<Measure, string>> = {
  latency: 'The 95th percentile of the latency',
  firstToken: 'The 95th percentile of the time to the first token',
  failures: 'The share of failures',
  breaker: 'The breaker',
  down: 'The server',
  waiting: 'The number of waiting requests',
  costHour: 'The cost of the last hour',
  costDay: 'The cost of the last day',
};

export function alertOf({ name, measure, above, forMs }: AlertRule, state: Alert['state'], value: number | undefined, node: BackendIdentity | undefined): Alert {
  return {
    state,
    name,
    measure,
    value: value ?? null,
    threshold: above,
    unit: units[measure],
    minutes: forMs / 60_000,
    ...(node && { node }),
    time: new Date(Date.now()).toISOString(),
  };
}

/** One sentence, for an e-mail or a chat. */
export function sentenceOf({ state, measure, value, threshold, unit, node }: Alert): string {
  const what = `${nouns[measure]}${node ? ` of ${node.name}` : ''}`;
  const isFired = state === 'fired';
  if (measure === 'breaker') return isFired ? `${what} is open: it failed again and again and is left alone.` : `${what} is closed again.`;
  if (measure === 'down') return isFired ? `${what} is down.` : `${what} is up again.`;
  const figure = (number: number) => `${Number(number.toPrecision(3))} ${unit}`;
  if (isFired) return `${what} is ${figure(value ?? 0)}, above ${figure(threshold)}.`;
  return value === null ? `${what} is no longer above ${figure(threshold)}: there are no requests.` : `${what} is back at ${figure(value)}.`;
}
