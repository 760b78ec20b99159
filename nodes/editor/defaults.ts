/** A flow written by hand may leave properties out: the form shows the default that holds for them. */
import type { EditedNode } from './validate.ts';

/** `prefix` is that of the form's fields, such as `node-input-`. To be called before the fields become typed ones. */
export function fillDefaults(node: EditedNode, prefix: string): void {
  for (const [name, { value }] of Object.entries(node._def.defaults)) {
    if (node[name] !== undefined || value === '') continue;
    const field = $(`#${prefix}${name}`);
    if (field.attr('type') === 'checkbox') field.prop('checked', value === true);
    else field.val(String(value));
  }
}
