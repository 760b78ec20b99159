/** A flow written by hand may leave properties out, or choose what there is not: the form shows the default instead. */
import { variableIn } from '../core/variables.ts';
import type { EditedNode } from './validate.ts';

/** `prefix` is that of the form's fields, such as `node-input-`. To be called before the fields become typed ones. */
export function fillDefaults(node: EditedNode, prefix: string): void {
  for (const [name, { value }] of Object.entries(node._def.defaults)) {
    if (value === '') continue;
    const field = $(`#${prefix}${name}`);
    // A choice that a select does not offer leaves it with none; a field for numbers would show whatever is there.
    if (node[name] !== undefined && field.val() !== null && !(field.hasClass('llm-number') && isNoNumber(node[name]))) continue;
    if (field.attr('type') === 'checkbox') field.prop('checked', value === true);
    else field.val(String(value));
  }
}

/** Neither a number nor a variable that stands for one. */
function isNoNumber(value: unknown): boolean {
  return typeof value !== 'number' && (typeof value !== 'string' || (Number.isNaN(Number(value)) && variableIn(value) === undefined));
}
