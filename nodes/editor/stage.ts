/** What the dialogs of all stages with branches have in common. */
import { stickyByTypes } from '../core/stage-settings.ts';
import { readChoice } from './row-fields.ts';
import { checkTyped, type EditedNode, formValue, translate, type Validator } from './validate.ts';

/** The `defaults` that every stage with branches has. */
export function stageDefaults() {
  return { name: { value: '' }, stream: { value: false }, outputs: { value: 3 } };
}

/** The names of a stage's ports: the answer, the rows, the tokens. */
export function stageOutputLabel(node: EditedNode, names: readonly string[], index: number): string {
  if (index === 0) return translate(node, 'llm.port.answer');
  return names[index - 1] ?? translate(node, 'llm.port.tokens');
}

/** What requests must share to go the same way. `counts` says whether the field is looked at. */
export function stickyBy(counts: (node: EditedNode) => boolean): Validator {
  return function (value, _opt) {
    return !value || !counts(this) || checkTyped(this, value, formValue(this, 'stickyByType') || stickyByTypes[0]);
  };
}

/** The field for it, which may be empty. */
export function prepareStickyBy(): void {
  const property = {
    value: 'msg',
    label: 'msg.',
    validate: (value: string) => value === '' || RED.utils.validateTypedProperty(value, 'msg', {}) === true,
  };
  const type = $('#node-input-stickyByType');
  type.val(readChoice(type.val(), stickyByTypes, 'msg'));
  $('#node-input-stickyBy').typedInput({ default: 'msg', types: [property, 'jsonata'] as never, typeField: '#node-input-stickyByType' });
  // Else it keeps the width that the dialog has before its rows are there.
  $('#node-input-stickyBy').typedInput('width', 'calc(100% - 135px)');
}
