/** What a field may hold, with the reason where it may not. The bounds are those of the runtime. */
import type { NumberBounds } from '../core/fields.ts';
import { type LimitField, limitFields } from '../core/limits.ts';
import { readPriceTable } from '../core/price-table.ts';
import { variableIn } from '../core/variables.ts';

/** The editor takes a reason as the result only from a function of exactly two parameters. */
export type Validator = (this: EditedNode, value: unknown, opt: unknown) => boolean | string;

export interface EditedNode {
  name?: string;
  _: (key: string, values?: Record<string, unknown>) => string;
  _def: { _: EditedNode['_']; category?: string; defaults: Record<string, { value: unknown }>; credentials?: Record<string, unknown> };
  [property: string]: unknown;
}

/** The catalogue of a node's set; a config node has it on its definition only. */
export function translate(node: EditedNode, key: string, values?: Record<string, unknown>): string {
  return (node._ ?? node._def._ ?? RED._)(key, values);
}

/** A number within bounds, or nothing. */
export function number(bounds: NumberBounds): Validator {
  return function (value, _opt) {
    return checkNumber(this, value, bounds);
  };
}

/** A typed field whose constant is a number within bounds, or nothing. `typeField` names the property with its type. */
export function typedNumber(typeField: string, bounds: NumberBounds): Validator {
  return function (value, _opt) {
    const type = formValue(this, typeField);
    return type === 'num' || !type ? checkNumber(this, value, bounds) : checkReference(this, value);
  };
}

/** A typed field whose constant is text, or nothing. */
export function typedText(typeField: string): Validator {
  return function (value, _opt) {
    const type = formValue(this, typeField);
    return type === 'str' || !type ? true : checkReference(this, value);
  };
}

/** A JSON object, or nothing. */
export const jsonObject: Validator = function (value, _opt) {
  if (value === '' || value === undefined) return true;
  try {
    const parsed: unknown = JSON.parse(String(value));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return true;
  } catch {
    // Told below.
  }
  return translate(this, 'llm.validate.json');
};

/** A table of prices as the runtime takes it, or nothing. */
export const prices: Validator = function (value, _opt) {
  try {
    readPriceTable(value as string | undefined);
    return true;
  } catch (error) {
    return (error as RangeError).message;
  }
};

/** An http or https address, or nothing. */
export const url: Validator = function (value, _opt) {
  if (value === '' || value === undefined) return true;
  const parsed = URL.canParse(String(value)) ? new URL(String(value)) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return translate(this, 'llm.validate.url');
  return parsed.username || parsed.password ? translate(this, 'llm.validate.urlUser') : true;
};

/** A key without blanks and line breaks, or nothing; `prefix` is what the provider's keys start with. */
export function apiKey(prefix = ''): Validator {
  return function (value, _opt) {
    const key = String(value ?? '').trim();
    if (key === '' || key === savedPassword) return true;
    if (!/^[\x21-\x7e]+$/.test(key)) return translate(this, 'llm.validate.key');
    return key.startsWith(prefix) || translate(this, 'llm.validate.keyPrefix', { prefix });
  };
}

/** What the editor shows in the place of a saved password. */
export const savedPassword = '__PWRD__';

/** The `defaults` of the limits that every backend has. */
export function limitDefaults() {
  return numberDefaults(limitFields);
}

/** The `defaults` of some whole numbers. */
export function numberDefaults<Name extends string>(fields: Readonly<Record<Name, LimitField>>): Record<Name, { value: number; validate: Validator }> {
  const entries = Object.entries<LimitField>(fields).map(([name, { value, min, max }]) => [name, { value, validate: number({ min, max, integer: true }) }]);
  return Object.fromEntries(entries) as Record<Name, { value: number; validate: Validator }>;
}

/** The `default` of a choice: the first word. */
export function choice(choices: readonly [string, ...string[]]): { value: string; validate: Validator } {
  return {
    value: choices[0],
    validate(value, _opt) {
      if (value === undefined || value === '' || choices.includes(String(value))) return true;
      return translate(this, 'llm.validate.choice', { choices: choices.filter((word) => word !== '').join(', ') });
    },
  };
}

/** True, or why a typed value is none of its type. */
export function checkTyped(node: EditedNode, value: unknown, type: string): boolean | string {
  const text = String(value ?? '');
  if (type === 'str' || type === 'bool') return true;
  if (text.trim() === '') return translate(node, type === 'num' ? 'llm.validate.empty' : 'llm.validate.reference');
  if (type === 're') return isPattern(text) || translate(node, 'llm.validate.pattern');
  return RED.utils.validateTypedProperty(text, type, {});
}

/** True, or why the value is no number within the bounds. What an environment variable holds is known at runtime alone. */
export function checkNumber(node: EditedNode, value: unknown, { min, max, integer = false }: NumberBounds): boolean | string {
  if (value === '' || value === undefined || value === null || variableIn(value) !== undefined) return true;
  const number = Number(value);
  if (number >= min && number <= max && (!integer || Number.isInteger(number))) return true;
  return translate(node, integer ? 'llm.validate.whole' : 'llm.validate.number', { min, max });
}

function checkReference(node: EditedNode, value: unknown): boolean | string {
  return String(value ?? '').trim() !== '' || translate(node, 'llm.validate.reference');
}

export function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** While the dialog is open the form is newer than the node. A checkbox is `true` or `false`. */
export function formValue(node: EditedNode, property: string): string {
  const prefix = node._def.category === 'config' ? 'node-config-input' : 'node-input';
  const field = $(`#${prefix}-${property}`);
  // An editor for a text or an expression may be open on top of the dialog.
  const editing = RED.editor.getEditStack().some(({ id }) => id === node['id']);
  if (field.length === 0 || !editing) return String(node[property] ?? '');
  return String((field.attr('type') === 'checkbox' ? field.prop('checked') : field.val()) ?? '');
}
