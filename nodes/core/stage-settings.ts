/** The settings of the stages, with their defaults and bounds. Read by the runtime and by the editor. */
import { failureKinds, type FailureKind, policyFor } from './errors.ts';
import { readNumber } from './fields.ts';
import { isRecord } from './json.ts';
import { type LimitField, limitFields } from './limits.ts';

const { breakerOpenMs, maxQueued, totalTimeoutMs } = limitFields;

/** Zero switches a time limit or the breaker off; zero for `maxConcurrent` means no bound. */
export const stageFields = {
  /** Of an attempt in one branch. */
  timeoutMs: totalTimeoutMs,
  attempts: { value: 3, min: 1, max: 20 },
  maxQueued,
  queueTimeoutMs: { value: 30_000, min: 0, max: totalTimeoutMs.max },
  breakerFailures: { value: 3, min: 0, max: 1_000 },
  breakerOpenMs,
  maxConcurrent: { value: 0, min: 0, max: 100_000 },
} as const satisfies Record<string, LimitField>;

export type StageField = keyof typeof stageFields;

/** How much of the traffic a member of a pool takes, beside the others. */
export const weightField: LimitField = { value: 1, min: 0, max: 1_000_000 };

/** A branch's share of the requests, or of the copies, in percent. */
export const percentField: LimitField = { value: 0, min: 0, max: 100 };

export const mostRows = 50;

/** How a pool chooses among its members; the first is the default. */
export const strategies = ['round-robin', 'weighted', 'least-busy', 'fastest', 'random', 'sticky'] as const;
export type Strategy = (typeof strategies)[number];

export const afterFirstToken = ['fail', 'continue', 'restart'] as const;
export const routerModes = ['split', 'rules'] as const;
export const onFailure = ['fail', 'next'] as const;

/** The kinds of failure that a row of a fallback lets pass where it does not choose. */
export const leadsOnByDefault: readonly FailureKind[] = failureKinds.filter((kind) => policyFor(kind).nextBranch);

/** The kinds that a row may choose: a caller that went away asks nobody else, and nothing raises `budget` yet. */
export const selectableKinds: readonly FailureKind[] = failureKinds.filter((kind) => kind !== 'cancelled' && kind !== 'budget');

/** A setting in a node's configuration: its default where it is missing or empty. @throws RangeError that names it */
export function readSetting(name: StageField, given: unknown): number {
  const { value, min, max } = stageFields[name];
  return readNumber(name, given, { min, max, integer: true }) ?? value;
}

/** A row as it stands in a flow file: anything may be there. */
export type RowConfig = Readonly<Record<string, unknown>>;

/**
 * The rows of a stage, each with its output, its name and what else `read` takes from it.
 * @throws RangeError where there are none or too many, or two of one name
 */
export function readRows<Row>(property: string, given: unknown, read: (row: RowConfig) => Row): Array<Row & { port: number; name: string }> {
  if (!Array.isArray(given) || given.length === 0) throw new RangeError(`${property} must be a list of at least one row.`);
  if (given.length > mostRows) throw new RangeError(`${property} must have at most ${mostRows} rows.`);
  const rows = given.map((row: unknown, index) => {
    const config = isRecord(row) ? row : {};
    // Port 0 is the answer's.
    return { ...read(config), port: index + 1, name: rowName(config['name'], index) };
  });
  const names = rows.map(({ name }) => name);
  const twice = rows.find(({ name }, index) => names.indexOf(name) < index);
  if (twice) throw new RangeError(`Two rows have the name ${twice.name}.`);
  return rows;
}

/** A row without a name has a letter: A, B, C … */
export function rowName(given: unknown, index: number): string {
  return typeof given === 'string' && given.trim() !== '' ? given.trim() : letters(index);
}

function letters(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : letters(Math.floor(index / 26) - 1) + letter;
}

/** The operators of a router's rules, with the names that the switch node gives them. */
export const operators = [
  'eq',
  'neq',
  'lt',
  'lte',
  'gt',
  'gte',
  'btwn',
  'cont',
  'regex',
  'true',
  'false',
  'null',
  'nnull',
  'empty',
  'nempty',
  'istype',
  'hask',
  'jsonata_exp',
  'else',
] as const;

export interface RuleConfig {
  property?: string;
  propertyType?: string;
  operator?: string;
  value?: unknown;
  valueType?: string;
  value2?: unknown;
  value2Type?: string;
  /** For a regular expression: upper and lower case are the same. */
  case?: boolean;
}

/** The strategies that look at a member's weight. */
export const weighingStrategies: readonly Strategy[] = ['weighted', 'least-busy', 'random', 'sticky'];

/** Where a pool or a router finds what keeps requests together. */
export const stickyByTypes = ['msg', 'jsonata'] as const;

/** The operators that compare with nothing, and those that look at no property. */
export const operatorsWithoutValue: readonly string[] = ['true', 'false', 'null', 'nnull', 'empty', 'nempty', 'else'];
export const operatorsWithoutProperty: readonly string[] = ['jsonata_exp', 'else'];

export const propertyTypes = ['msg', 'flow', 'global', 'jsonata'] as const;
export const valueTypes = ['str', 'num', 'bool', 're', 'msg', 'flow', 'global', 'env', 'jsonata'] as const;

/** What `istype` compares with: a text like any other. */
export const typeNames = ['string', 'number', 'boolean', 'array', 'buffer', 'object', 'json', 'undefined', 'null'] as const;

/** How far from 100 the shares of a router may add up: a third is no round number. */
export const percentTolerance = 0.1;

/** The rows of a new node. */
export const newMembers = ['A', 'B'].map((name) => ({ name, weight: weightField.value, maxConcurrent: stageFields.maxConcurrent.value }));
export const newFallbackBranches = ['A', 'B'].map((name) => ({ name, timeoutMs: stageFields.timeoutMs.value }));

const newRule: RuleConfig = { property: 'payload', propertyType: 'msg', operator: 'eq', value: '', valueType: 'str' };
export const newRouterBranches = [
  { name: 'A', percent: 80, rule: newRule, shadow: false, onFailure: onFailure[0] },
  { name: 'B', percent: 20, rule: { ...newRule, operator: 'else' }, shadow: false, onFailure: onFailure[0] },
];
