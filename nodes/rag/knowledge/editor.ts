import { prepareConnection } from '../../editor/connection.ts';
import { modelSearch } from '../../editor/models.ts';
import { dropOtherConfigs, oneOfConfigs } from '../../editor/one-of-configs.ts';
import { prepareShownWhen } from '../../editor/shown-when.ts';
import { choice, type EditedNode, formValue, numberDefaults, translate } from '../../editor/validate.ts';
import { embeddingFields } from '../embedding/settings.ts';
import { languageCodes } from '../text/language-codes.ts';
import { defaultCollection, readCollection } from './collection.ts';
import { versioned } from '../../editor/version.ts';

const prefix = 'node-config-input-';

/** By the values of `embedWith`. */
const embedders = { openai: 'llm-openai-account', llamacpp: 'llm-llamacpp-server', vllm: 'llm-vllm-server' } as const;

RED.nodes.registerType('llm-knowledge', {
  category: 'config',
  defaults: {
    ...versioned('llm-knowledge'),
    name: { value: '' },
    store: choice(['embedded', 'postgres']),
    collection: {
      value: defaultCollection,
      validate(value, _opt) {
        return collectionOf(value) !== undefined || translate(this, 'knowledge.validate.collection');
      },
    },
    language: { ...choice(['none', ...languageCodes]), value: 'en' },
    url: {
      value: '',
      validate(value, _opt) {
        return formValue(this, 'store') !== 'postgres' || checkAddress(this, value);
      },
    },
    embedWith: choice(['', 'openai', 'llamacpp', 'vllm']),
    ...oneOfConfigs('embedWith', embedders),
    embeddingModel: {
      value: '',
      validate(value, _opt) {
        return formValue(this, 'embedWith') !== 'openai' || String(value ?? '').trim() !== '' || translate(this, 'knowledge.validate.model');
      },
    },
    questionPrefix: { value: '' },
    passagePrefix: { value: '' },
    ...numberDefaults(embeddingFields),
  },
  credentials: {
    password: { type: 'password' },
  },
  label() {
    return this.name || collectionOf(this['collection']) || defaultCollection;
  },
  oneditprepare() {
    offerLanguages(this);
    prepareConnection(this);
    prepareShownWhen(prefix);
    preparePlace(this);
    $(`#${prefix}embeddingModel`).autoComplete({ search: modelSearch(chosenEmbedder), minLength: 0 });
    $('.llm-more').prop('open', Object.entries(embeddingFields).some(([name, { value }]) => Number($(`#${prefix}${name}`).val()) !== value));
  },
  oneditsave() {
    dropOtherConfigs(prefix, 'embedWith', embedders);
  },
});

/** By their names in the editor's language. */
function offerLanguages(node: EditedNode): void {
  const names = new Intl.DisplayNames([RED.i18n.lang() || 'en'], { type: 'language', fallback: 'code' });
  const offered = languageCodes.map((code) => ({ code, name: names.of(code) ?? code })).sort((a, b) => a.name.localeCompare(b.name));
  const select = $(`#${prefix}language`);
  for (const { code, name } of offered) $('<option>').val(code).text(name).appendTo(select);
  $('<option>').val('none').text(translate(node, 'knowledge.language.none')).appendTo(select);
  select.val(String(node['language'] ?? ''));
}

/** Shows where the collection is. */
function preparePlace(node: EditedNode): void {
  const note = $('.llm-knowledge-place');
  const update = () => {
    const collection = collectionOf($(`#${prefix}collection`).val());
    const isEmbedded = $(`#${prefix}store`).val() === 'embedded';
    const place = isEmbedded ? translate(node, 'knowledge.place.embedded', { file: `llm-knowledge/${collection}.sqlite` }) : translate(node, 'knowledge.place.postgres', { table: `llm_${collection}_…` });
    note.text(collection === undefined ? '' : place);
  };
  $(`#${prefix}collection, #${prefix}store`).on('input change', update);
  update();
}

function chosenEmbedder(): { id: string; type: string } {
  const kind = String($(`#${prefix}embedWith`).val() ?? '') as keyof typeof embedders;
  return { id: String($(`#${prefix}${kind}`).val() ?? ''), type: embedders[kind] };
}

function checkAddress(node: EditedNode, value: unknown): boolean | string {
  const address = String(value ?? '').trim();
  if (address === '') return true;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) return translate(node, 'knowledge.validate.url');
  return url.password === '' || translate(node, 'knowledge.validate.urlPassword');
}

/** As the runtime takes it, where it does. */
function collectionOf(value: unknown): string | undefined {
  try {
    return readCollection(value);
  } catch {
    return undefined;
  }
}
