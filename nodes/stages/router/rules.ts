/** The rules of a router: a property, an operator and a value as in the switch node, or a JSONata expression. */
import type { Node, NodeAPI } from 'node-red';
import { parseBounded } from '../../core/bounded-json.ts';
import { readChoice } from '../../core/fields.ts';
import { isRecord } from '../../core/json.ts';
import { Pattern } from '../../core/patterns/pattern.ts';
import { operators, type RuleConfig } from '../../core/stage-settings.ts';
import type { LlmMessage } from '../../runtime/calls.ts';
import { TypedValue } from '../../runtime/typed-value.ts';

type Operator = (typeof operators)[number];

export class Rule {
  readonly #operator: Operator;
  readonly #property: TypedValue;
  readonly #value: TypedValue;
  readonly #value2: TypedValue;
  readonly #ignoreCase: boolean;
  /** The last one: a constant is always the same, what a message brings may be another each time. */
  #pattern: Pattern | undefined;

  /** @throws RangeError for an operator that there is not; whatever Node-RED has against an expression */
  constructor(RED: NodeAPI, node: Node, config: RuleConfig) {
    const { property = 'payload', propertyType = 'msg', value = '', valueType = typeOf(value), value2 = '', value2Type = 'num' } = config;
    this.#operator = readChoice('operator', config.operator, operators);
    this.#property = new TypedValue(RED, node, String(property), propertyType);
    // An expression is all of its rule.
    this.#value = new TypedValue(RED, node, String(value), this.#operator === 'jsonata_exp' ? 'jsonata' : valueType);
    this.#value2 = new TypedValue(RED, node, String(value2), value2Type);
    this.#ignoreCase = config.case ?? false;
  }

  /** Rejects where an expression fails, and with a PatternFailure where a pattern takes too long. */
  async matches(msg: LlmMessage): Promise<boolean> {
    switch (this.#operator) {
      case 'else':
        return true;
      case 'jsonata_exp':
        return (await this.#value.read(msg)) === true;
      default:
        return this.#compare(this.#operator, await this.#property.read(msg), msg);
    }
  }

  async #compare(operator: Exclude<Operator, 'else' | 'jsonata_exp'>, given: unknown, msg: LlmMessage): Promise<boolean> {
    switch (operator) {
      case 'true':
        return given === true;
      case 'false':
        return given === false;
      case 'null':
        return given === undefined || given === null;
      case 'nnull':
        return given !== undefined && given !== null;
      case 'empty':
        return sizeOf(given) === 0;
      case 'nempty':
        return (sizeOf(given) ?? 0) > 0;
      case 'btwn':
        return isBetween(given, await this.#value.read(msg), await this.#value2.read(msg));
      case 'regex':
        return this.#patternOf(await this.#value.read(msg)).test(asText(given));
      default:
        return compare(operator, given, await this.#value.read(msg));
    }
  }

  #patternOf(value: unknown): Pattern {
    const source = value instanceof RegExp ? value.source : asText(value);
    if (this.#pattern?.source !== source) this.#pattern = new Pattern(source, { ignoreCase: this.#ignoreCase, unicode: false });
    return this.#pattern;
  }
}

/** Of a value in a flow that was written by hand. */
function typeOf(value: unknown): string {
  return typeof value === 'number' ? 'num' : typeof value === 'boolean' ? 'bool' : 'str';
}

type Comparison = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte' | 'cont' | 'istype' | 'hask';

function compare(operator: Comparison, given: unknown, value: unknown): boolean {
  switch (operator) {
    case 'eq':
      // oxlint-disable-next-line eqeqeq -- As in the switch node, 5 and "5" are equal.
      return given == value;
    case 'neq':
      // oxlint-disable-next-line eqeqeq -- As in the switch node, 5 and "5" are equal.
      return given != value;
    case 'lt':
      return (given as number) < (value as number);
    case 'lte':
      return (given as number) <= (value as number);
    case 'gt':
      return (given as number) > (value as number);
    case 'gte':
      return (given as number) >= (value as number);
    case 'cont':
      return asText(given).includes(asText(value));
    case 'istype':
      return isOfType(given, asText(value));
    case 'hask':
      return given !== undefined && given !== null && typeof value !== 'object' && Object.hasOwn(Object(given) as object, String(value));
  }
}

function isBetween(given: unknown, one: unknown, other: unknown): boolean {
  const [value, a, b] = [given, one, other] as [number, number, number];
  return (value >= a && value <= b) || (value <= a && value >= b);
}

/** A conversation is searched as JSON; to the switch node it is `[object Object]`. */
function asText(value: unknown): string {
  return typeof value === 'object' && !Buffer.isBuffer(value) ? JSON.stringify(value) : String(value);
}

/** How much a value holds; undefined for what can hold nothing. */
function sizeOf(value: unknown): number | undefined {
  if (typeof value === 'string' || Array.isArray(value) || Buffer.isBuffer(value)) return value.length;
  return isRecord(value) ? Object.keys(value).length : undefined;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'buffer':
      return Buffer.isBuffer(value);
    case 'null':
      return value === null;
    case 'number':
      return typeof value === 'number' && !Number.isNaN(value);
    case 'object':
      return isRecord(value) && !Buffer.isBuffer(value);
    case 'json':
      return isJson(value);
    default:
      return typeof value === type;
  }
}

/** Within bounds: to parse a text of any size would hold up everybody. */
function isJson(value: unknown): boolean {
  try {
    parseBounded(String(value), { what: 'The value' });
    return true;
  } catch {
    return false;
  }
}
