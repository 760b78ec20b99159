import { fillDefaults } from '../../editor/defaults.ts';
import { prepareTabs } from '../../editor/tabs.ts';
import { checkNumber, type EditedNode, formValue, numberDefaults, translate } from '../../editor/validate.ts';
import { readerFields } from '../documents/settings.ts';
import { defaultIgnore, defaultInclude } from '../folder/default-patterns.ts';
import { splitFields } from '../passages/settings.ts';
import { versioned } from '../../editor/version.ts';

const { maxTokens, overlapTokens } = splitFields;
const { timeoutMs, maxFileMb } = readerFields;

RED.nodes.registerType('llm-index', {
  category: 'LLM',
  color: '#E2C58F',
  icon: 'llm-index.svg',
  paletteLabel: 'index',
  inputs: 1,
  outputs: 2,
  defaults: {
    ...versioned('llm-index'),
    name: { value: '' },
    knowledge: { value: '', type: 'llm-knowledge', required: true },
    folder: {
      value: '',
      validate(value, _opt) {
        return formValue(this, 'watch') !== 'true' || String(value ?? '').trim() !== '' || translate(this, 'index.validate.watch');
      },
    },
    watch: { value: false },
    include: { value: '' },
    ignore: { value: '' },
    ...numberDefaults({ maxTokens, timeoutMs, maxFileMb }),
    overlapTokens: {
      value: overlapTokens.value,
      validate(value, _opt) {
        return checkOverlap(this, value);
      },
    },
  },
  label() {
    return this.name || 'index';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return translate(this, index === 0 ? 'index.port.result' : 'index.port.progress');
  },
  oneditprepare() {
    fillDefaults(this, 'node-input-');
    prepareTabs(this);
    $('#node-input-include').attr('placeholder', defaultInclude.join('\n'));
    $('#node-input-ignore').attr('placeholder', defaultIgnore.join('\n'));
  },
});

/** Where it is not set, the runtime takes what fits. */
function checkOverlap(node: EditedNode, value: unknown): boolean | string {
  const { min, max } = overlapTokens;
  const checked = checkNumber(node, value, { min, max, integer: true });
  const whole = Number(formValue(node, 'maxTokens') || maxTokens.value);
  // What is no number is a variable here.
  if (checked !== true || !value || !(Number(value) > whole / 2)) return checked;
  return translate(node, 'index.validate.overlap', { max: Math.floor(whole / 2) });
}
