/** The fields of a row, and reading rows out of a flow file: anything may stand there. */
import type { NumberBounds } from '../core/fields.ts';
import { isRecord } from '../core/json.ts';
import type { LimitField } from '../core/limits.ts';
import { mostRows, rowName } from '../core/stage-settings.ts';
import { variableIn } from '../core/variables.ts';
import { checkNumber, type EditedNode, translate } from './validate.ts';

export type GivenRow = Readonly<Record<string, unknown>>;

/** The rows of a node as its flow file has them; those of a new node where it has none. */
export function givenRows(given: unknown, defaults: readonly object[]): GivenRow[] {
  const rows: readonly unknown[] = Array.isArray(given) ? given : defaults;
  return rows.map((row) => (isRecord(row) ? row : {}));
}

export function rowNames(rows: readonly GivenRow[]): string[] {
  return rows.map(({ name }, index) => rowName(name, index));
}

export function readText(given: unknown): string {
  return typeof given === 'string' || typeof given === 'number' ? String(given).trim() : '';
}

/** A number, or the environment variable that holds it. */
export type RowNumber = number | string;

/** A number, also one out of bounds: the field then says so. */
export function readNumber(given: unknown, otherwise: number): RowNumber {
  if (variableIn(given) !== undefined) return given as string;
  const number = typeof given === 'number' ? given : Number(readText(given) || NaN);
  return Number.isFinite(number) ? number : otherwise;
}

export function readChoice<Choice extends string>(given: unknown, choices: readonly Choice[], otherwise: Choice): Choice {
  return choices.find((choice) => choice === given) ?? otherwise;
}

/** True, or the first thing that is wrong with the rows as they stand in the node. Without any it has those of a new one. */
export function checkRows(node: EditedNode, given: unknown, checkRow: (row: GivenRow) => boolean | string): boolean | string {
  if (given === undefined || given === null) return true;
  if (!Array.isArray(given)) return translate(node, 'llm.validate.rows');
  const rows = givenRows(given, []);
  if (rows.length < 1 || rows.length > mostRows) return translate(node, 'llm.validate.rowCount', { max: mostRows });
  const names = rowNames(rows);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return translate(node, 'llm.validate.nameTwice', { name: twice });
  for (const [index, row] of rows.entries()) {
    const reason = checkRow(row);
    if (reason !== true) return translate(node, 'llm.validate.row', { name: names[index], reason });
  }
  return true;
}

/** True, or what is wrong with a row's number, with the field's label. */
export function checkField(node: EditedNode, value: unknown, bounds: NumberBounds, label: string): boolean | string {
  const reason = checkNumber(node, value, bounds);
  return reason === true || `${translate(node, label)} ${String(reason)}`;
}

/** A number in a row. What is no number within the bounds is kept as it is, and marked. */
export function numberField(node: EditedNode, cell: JQuery, value: RowNumber, bounds: LimitField & NumberBounds, label: string) {
  const input = $('<input type="text" inputmode="decimal">').attr('aria-label', node._(label));
  const mark = () => input.toggleClass('input-error', checkNumber(node, input.val(), bounds) !== true);
  const write = (value: RowNumber) => {
    input.val(String(value));
    mark();
  };
  input.on('input change', mark).appendTo(cell);
  write(value);
  return {
    write,
    read(): RowNumber {
      const text = String(input.val()).trim();
      return text === '' ? bounds.value : numberOr(text);
    },
  };
}

/** The number that the text is, else the text: a variable, or what the field is marked for. */
export function numberOr(text: string): RowNumber {
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

/** A choice in a row. `labels` is the part of the catalogue that names the choices. */
export function choiceField<Choice extends string>(node: EditedNode, cell: JQuery, value: Choice, choices: readonly Choice[], labels: string) {
  const select = $('<select>');
  for (const choice of choices) $('<option>').val(choice).text(node._(`${labels}.${choice}`)).appendTo(select);
  select.val(value).appendTo(cell);
  return { select, read: () => readChoice(select.val(), choices, value) };
}

export function checkbox(label: string, checked: boolean): { element: JQuery; input: JQuery } {
  const input = $('<input type="checkbox">').prop('checked', checked);
  return { element: $('<label class="llm-check">').append(input, ' ', document.createTextNode(label)), input };
}
