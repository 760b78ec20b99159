/** A flow written by hand may leave properties out, or choose what there is not: the form shows the default instead. */
import type { EditedNode } from './validate.ts';

/** `prefix` is that of the form's fields, such as `node-input-`. To be called before the fields become typed ones. */
export function fillDefaults(node: EditedNode, prefix: string): void {
  for (const [name, { value }] of Object.entries(node._def.defaults)) {
    if (value === '') continue;
    const field = $(`#${prefix}${name}`);
    // A choice that a select does not offer leaves it with none.
    if (node[name] !== undefined && field.val() !== null) continue;
    if (field.attr('type') === 'checkbox') field.prop('checked', value === true);
    else field.val(String(value));
  }
}
