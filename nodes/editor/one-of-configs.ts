/** A config node of one of several types: one field says of which, and only the select of that one is shown and counts. */
import { type EditedNode, formValue, translate, type Validator } from './validate.ts';

interface ConfigDefault {
  value: string;
  type: string;
  validate: Validator;
}

/** The `defaults` of the selects; `types` has a config node's type for each value of the field `chooser`, which is the property's name as well. */
export function oneOfConfigs<Kind extends string>(chooser: string, types: Readonly<Record<Kind, string>>): Record<Kind, ConfigDefault> {
  const entries = Object.entries<string>(types).map(([kind, type]) => [kind, { value: '', type, validate: chosen(chooser, kind) }]);
  return Object.fromEntries(entries) as Record<Kind, ConfigDefault>;
}

/** Lets go of those that do not count, so that they can be deleted, and are not exported with the node. To be called when the dialog is saved. */
export function dropOtherConfigs(prefix: string, chooser: string, types: Readonly<Record<string, string>>): void {
  const kind = $(`#${prefix}${chooser}`).val();
  // What stands for none in the editor's selects.
  for (const other of Object.keys(types)) if (other !== kind) $(`#${prefix}${other}`).val('_ADD_');
}

/** With a validator of its own the editor leaves all to it; one that is `required: false` it would not ask where nothing is chosen. */
function chosen(chooser: string, kind: string): Validator {
  return function (value, _opt) {
    if (formValue(this, chooser) !== kind) return true;
    const config = RED.nodes.node(String(value)) as unknown as (EditedNode & { valid?: boolean }) | null;
    if (!config) return translate(this, 'llm.validate.config');
    return config.valid !== false || translate(this, 'llm.validate.badConfig');
  };
}
