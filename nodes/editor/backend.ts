/** What the dialogs of all backends do: tabs, typed fields, the list of models, the token port. */
import type { NumberBounds } from '../core/fields.ts';
import { settingBounds } from '../core/limits.ts';
import { fillDefaults } from './defaults.ts';
import { modelSearch } from './models.ts';
import { prepareTabs } from './tabs.ts';
import { checkNumber, jsonObject, limitDefaults, typedNumber, typedText, type EditedNode } from './validate.ts';

/** The `defaults` that every backend has. */
export function backendDefaults() {
  return {
    name: { value: '' },
    model: { value: '', validate: typedText('modelType') },
    modelType: { value: 'str' },
    system: { value: '', validate: typedText('systemType') },
    systemType: { value: 'str' },
    maxTokens: { value: '', validate: typedNumber('maxTokensType', settingBounds.maxTokens) },
    maxTokensType: { value: 'num' },
    temperature: { value: '', validate: typedNumber('temperatureType', settingBounds.temperature) },
    temperatureType: { value: 'num' },
    topP: { value: '', validate: typedNumber('topPType', settingBounds.topP) },
    topPType: { value: 'num' },
    stop: { value: '' },
    extra: { value: '', validate: jsonObject },
    stream: { value: false },
    outputs: { value: 1 },
    ...limitDefaults(),
  };
}

/** Sets up a backend's dialog. `connection` names the property and type of its config node, where it has one. */
export function prepareBackend(node: EditedNode, connection?: { property: string; type: string }): void {
  fillDefaults(node, 'node-input-');
  prepareTabs(node);
  for (const [name, bounds] of Object.entries(settingBounds)) {
    const types = [optionalNumber(node, bounds), 'msg', 'flow', 'global', 'env'];
    $(`#node-input-${name}`).typedInput({ default: 'num', types: types as never, typeField: `#node-input-${name}Type` });
  }
  $('#node-input-model').typedInput({
    default: 'str',
    types: [connection ? modelFrom(connection) : 'str', 'msg', 'flow', 'global', 'env'] as never,
    typeField: '#node-input-modelType',
  });
  $('#node-input-system').typedInput({ default: 'str', types: [longText, 'msg', 'flow', 'global', 'env'] as never, typeField: '#node-input-systemType' });
  $('#node-input-extra').typedInput({ default: 'json', types: ['json'] });
  const outputs = () => $('#node-input-outputs').val($('#node-input-stream').is(':checked') ? 2 : 1);
  $('#node-input-stream').on('change', outputs);
  outputs();
}

/** The model's name where it is a constant, for the label. */
export function constantModel(node: EditedNode): string {
  return (node['modelType'] ?? 'str') === 'str' ? String(node['model'] ?? '') : '';
}

/** The names of a backend's ports. */
export function outputLabel(node: EditedNode, index: number): string {
  return node._(index === 0 ? 'llm.port.answer' : 'llm.port.tokens');
}

/** An empty field is fine: the model's own default holds. The widget asks its type, not the property, what is valid. */
function optionalNumber(node: EditedNode, bounds: NumberBounds) {
  return {
    value: 'num',
    label: 'number',
    icon: 'red/images/typedInput/09.svg',
    hasValue: true,
    validate: (value: string) => checkNumber(node, value, bounds),
  };
}

/** Text of more than one line opens in an editor of its own. */
const longText = {
  value: 'str',
  label: 'string',
  icon: 'red/images/typedInput/az.svg',
  hasValue: true,
  expand(this: JQuery) {
    RED.editor.editText({
      value: String(this.typedInput('value')),
      mode: 'text',
      complete: (text: string) => this.typedInput('value', text),
    });
  },
};

/** A text field that offers the models which the chosen account or server lists. */
function modelFrom({ property, type }: { property: string; type: string }) {
  return {
    value: 'str',
    label: 'string',
    icon: 'red/images/typedInput/az.svg',
    hasValue: true,
    autoComplete: modelSearch(() => ({ id: String($(`#node-input-${property}`).val() ?? ''), type })),
  };
}
