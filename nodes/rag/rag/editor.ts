import { fillDefaults } from '../../editor/defaults.ts';
import { modelSearch } from '../../editor/models.ts';
import { dropOtherConfigs, oneOfConfigs } from '../../editor/one-of-configs.ts';
import { prepareShownWhen } from '../../editor/shown-when.ts';
import { prepareTabs } from '../../editor/tabs.ts';
import { checkTemplate, TemplateEditor } from '../../editor/template-editor.ts';
import { checkTyped, choice, type EditedNode, formValue, number, numberDefaults, translate } from '../../editor/validate.ts';
import { retrievalFields, retrievalModes } from '../retrieval/settings.ts';
import { readFilter } from './metadata-filter.ts';
import { versioned } from '../../editor/version.ts';

const prefix = 'node-input-';

/** By the values of `rerankWith`. */
const rerankers = { llamacpp: 'llm-llamacpp-server', vllm: 'llm-vllm-server' } as const;

const { minScore, ...wholeNumbers } = retrievalFields;

let template: TemplateEditor | undefined;

RED.nodes.registerType('llm-rag', {
  category: 'LLM',
  color: '#E2C58F',
  icon: 'llm-rag.svg',
  paletteLabel: 'RAG',
  inputs: 1,
  outputs: 1,
  defaults: {
    ...versioned('llm-rag'),
    name: { value: '' },
    knowledge: { value: '', type: 'llm-knowledge', required: true },
    mode: {
      value: retrievalModes[0],
      validate(value, opt) {
        return value === 'vector' ? checkVectors(this) : choice(retrievalModes).validate.call(this, value, opt);
      },
    },
    ...numberDefaults(wholeNumbers),
    minScore: { value: minScore.value, validate: number(minScore) },
    filter: {
      value: '',
      validate(value, _opt) {
        return checkFilter(this, value, formValue(this, 'filterType') || 'json');
      },
    },
    filterType: { value: 'json' },
    assemble: { value: true },
    template: {
      value: '',
      validate(value, _opt) {
        return formValue(this, 'assemble') === 'false' || checkTemplate(value);
      },
    },
    noEvidence: choice(['continue', 'port']),
    rerankWith: choice(['', 'llamacpp', 'vllm']),
    ...oneOfConfigs('rerankWith', rerankers),
    rerankModel: { value: '' },
    outputs: { value: 1 },
  },
  label() {
    return this.name || 'RAG';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index) {
    return translate(this, index === 0 ? 'rag.port.passages' : 'rag.port.noEvidence');
  },
  oneditprepare() {
    fillDefaults(this, prefix);
    prepareFilter(this);
    template = new TemplateEditor(this);
    prepareTabs(this, () => template?.resize());
    prepareShownWhen(prefix);
    prepareScoreNote(this);
    $(`#${prefix}assemble`).on('change', () => template?.resize());
    $(`#${prefix}rerankModel`).autoComplete({ search: modelSearch(chosenReranker), minLength: 0 });
    $(`#${prefix}noEvidence`).on('change', countOutputs);
    countOutputs();
  },
  oneditsave() {
    dropOtherConfigs(prefix, 'rerankWith', rerankers);
    closeTemplate();
  },
  oneditcancel: closeTemplate,
  oneditresize() {
    template?.resize();
  },
});

function closeTemplate(): void {
  template?.destroy();
  template = undefined;
}

/** The second port is the one for messages without evidence. */
function countOutputs(): void {
  $(`#${prefix}outputs`).val($(`#${prefix}noEvidence`).val() === 'port' ? 2 : 1);
}

/** An empty field of JSON is fine: nothing is left out. The widget asks its type, not the property, what is valid. */
function prepareFilter(node: EditedNode): void {
  const json = {
    value: 'json',
    label: 'JSON',
    icon: 'red/images/typedInput/json.svg',
    hasValue: true,
    validate: (value: string) => checkFilter(node, value, 'json'),
    expand(this: JQuery) {
      RED.editor.editJSON({ value: String(this.typedInput('value')), complete: (text: string) => this.typedInput('value', text) });
    },
  };
  const types = [json, 'msg', 'flow', 'global', 'env', 'jsonata'];
  $(`#${prefix}filter`).typedInput({ default: 'json', types: types as never, typeField: `#${prefix}filterType` });
  // Else it keeps the width that the dialog has at first.
  $(`#${prefix}filter`).typedInput('width', 'calc(100% - 135px)');
}

function checkFilter(node: EditedNode, value: unknown, type: string): boolean | string {
  if (type !== 'json') return value ? checkTyped(node, value, type) : translate(node, 'rag.validate.noFilter');
  if (!value) return true;
  try {
    readFilter(String(value));
    return true;
  } catch {
    return translate(node, 'rag.validate.filter');
  }
}

/** Says what the least score is held against. */
function prepareScoreNote(node: EditedNode): void {
  const update = () => {
    const measure = $(`#${prefix}rerankWith`).val() ? 'rerank' : String($(`#${prefix}mode`).val());
    $('.llm-rag-score').text(translate(node, `rag.score.${measure}`));
  };
  $(`#${prefix}mode, #${prefix}rerankWith`).on('change', update);
  update();
}

function chosenReranker(): { id: string; type: string } {
  const kind = String($(`#${prefix}rerankWith`).val() ?? '') as keyof typeof rerankers;
  return { id: String($(`#${prefix}${kind}`).val() ?? ''), type: rerankers[kind] };
}

/** A search by meaning asks for vectors, which not every knowledge node has. */
function checkVectors(node: EditedNode): boolean | string {
  const knowledge = RED.nodes.node(formValue(node, 'knowledge')) as unknown as EditedNode | null;
  return !knowledge || Boolean(knowledge['embedWith']) || translate(node, 'rag.validate.vector');
}
