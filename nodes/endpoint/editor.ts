import { fillDefaults } from '../editor/defaults.ts';
import { copyOnClick, drawKey } from '../editor/key-rows.ts';
import { PlainRows, readField, textField } from '../editor/plain-rows.ts';
import { givenRows, readText } from '../editor/row-fields.ts';
import { prepareTabs } from '../editor/tabs.ts';
import { type EditedNode, numberDefaults, translate } from '../editor/validate.ts';
import { isKey, isKeyName, joinKeys, type NamedKey, nameTwice, splitKeys } from './key-lines.ts';
import { defaultPath, endpointFields, type OfferedModel, readOrigins, readPath } from './settings.ts';
import { versioned } from '../editor/version.ts';

let models: PlainRows<OfferedModel> | undefined;
let keys: PlainRows<NamedKey> | undefined;

RED.nodes.registerType('llm-endpoint', {
  category: 'LLM',
  color: '#B8ADD3',
  icon: 'llm-endpoint.svg',
  paletteLabel: 'endpoint',
  inputs: 0,
  outputs: 1,
  defaults: {
    ...versioned('llm-endpoint'),
    name: { value: '' },
    path: {
      value: defaultPath,
      validate(value, _opt) {
        return checkPath(this, value);
      },
    },
    models: {
      value: [],
      validate(value, _opt) {
        return checkModels(this, value);
      },
    },
    chat: { value: true },
    tellBackend: { value: true },
    cors: {
      value: '',
      validate(value, _opt) {
        return attempt(() => readOrigins(value)) !== undefined || translate(this, 'endpoint.validate.cors');
      },
    },
    ...numberDefaults(endpointFields),
  },
  credentials: {
    keys: {
      type: 'text',
      validate(value, _opt) {
        return checkKeys(this, splitKeys(String(value ?? '')));
      },
    },
  },
  label() {
    return this.name || `endpoint ${pathOf(this['path']) ?? ''}`.trim();
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels() {
    return translate(this, 'endpoint.port.request');
  },
  oneditprepare() {
    fillDefaults(this, 'node-input-');
    models = modelList(this);
    keys = keyList(this);
    prepareTabs(this, fill);
    prepareAddresses();
  },
  oneditsave() {
    this['models'] = models?.rows().filter(({ name, model }) => name !== '' || model !== '');
  },
  oneditresize: fill,
});

function fill(): void {
  models?.fill();
  keys?.fill();
}

function modelList(node: EditedNode): PlainRows<OfferedModel> {
  return new PlainRows<OfferedModel>(node, {
    container: $('#llm-endpoint-models'),
    rows: givenRows(node['models'], []).map(readModel),
    columns: { name: 'endpoint.label.modelName', model: 'endpoint.label.model' },
    sortable: true,
    draw(line, row) {
      const name = textField(node, $('<div class="llm-col-name">').appendTo(line), row?.name ?? '', 'endpoint.label.modelName', 'endpoint.placeholder.modelName');
      const model = textField(node, $('<div class="llm-col-model">').appendTo(line), row?.model ?? '', 'endpoint.label.model', 'endpoint.placeholder.model');
      return {
        first: name,
        read: () => ({ name: readField(name), model: readField(model) }),
        refresh: (rows) => name.toggleClass('input-error', rows.filter((other) => other.name === readField(name)).length > 1),
      };
    },
    check: (rows) => checkModels(node, rows),
  });
}

/** The rows stand for the field with all keys in it, which is left as it is until somebody changes a row. */
function keyList(node: EditedNode): PlainRows<NamedKey> {
  const field = $('#node-input-keys');
  const rows = splitKeys(String(field.val() ?? ''));
  const warn = (count: number) => $('.llm-endpoint-open').toggle(count === 0);
  warn(rows.length);
  return new PlainRows<NamedKey>(node, {
    container: $('#llm-endpoint-keys'),
    rows,
    columns: { name: 'llm.label.name', key: 'endpoint.label.key' },
    sortable: false,
    draw: (line, row) => drawKey(node, line, row),
    check: (rows) => checkKeys(node, rows),
    changed(rows) {
      const given = rows.filter(({ name, key }) => name !== '' || key !== '');
      warn(given.length);
      field.val(joinKeys(given)).trigger('change');
    },
  });
}

function readModel({ name, model }: Readonly<Record<string, unknown>>): OfferedModel {
  return { name: readText(name), model: readText(model) };
}

function checkModels(node: EditedNode, given: unknown): boolean | string {
  if (given === undefined || given === null) return true;
  if (!Array.isArray(given)) return translate(node, 'llm.validate.rows');
  const rows = givenRows(given, []).map(readModel);
  const nameless = rows.find(({ name, model }) => name === '' && model !== '');
  if (nameless) return translate(node, 'endpoint.validate.modelName', { model: nameless.model });
  return isUnique(node, rows);
}

function checkKeys(node: EditedNode, rows: readonly NamedKey[]): boolean | string {
  for (const { name, key } of rows) {
    if (name === '' && key === '') continue;
    if (name === '') return translate(node, 'endpoint.validate.keyName');
    if (!isKeyName(name)) return translate(node, 'llm.validate.row', { name, reason: translate(node, 'endpoint.validate.colon') });
    if (!isKey(key)) return translate(node, 'llm.validate.row', { name, reason: translate(node, key === '' ? 'endpoint.validate.noKey' : 'endpoint.validate.key') });
  }
  return isUnique(node, rows);
}

function isUnique(node: EditedNode, rows: ReadonlyArray<{ readonly name: string }>): boolean | string {
  const name = nameTwice(rows.filter((row) => row.name !== ''));
  return name === undefined || translate(node, 'llm.validate.nameTwice', { name });
}

function checkPath(node: EditedNode, value: unknown): boolean | string {
  const path = pathOf(value);
  if (path === undefined) return translate(node, 'endpoint.validate.path');
  const others = RED.nodes.filterNodes({ type: 'llm-endpoint' }) as unknown as EditedNode[];
  const isTaken = others.some((other) => other['id'] !== node['id'] && !isDisabled(other) && pathOf(other['path']) === path);
  return !isTaken || isDisabled(node) || translate(node, 'endpoint.validate.pathTwice', { path });
}

function isDisabled(node: EditedNode): boolean {
  return node['d'] === true || RED.nodes.workspace(String(node['z']))?.disabled === true;
}

/** The path as the runtime takes it, where it does. */
function pathOf(value: unknown): string | undefined {
  return attempt(() => readPath(value));
}

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Shows where clients find the endpoint, seen from here. */
function prepareAddresses(): void {
  const root = String((RED.settings as { httpNodeRoot?: unknown }).httpNodeRoot ?? '').replace(/\/$/, '');
  const openAi = $('.llm-endpoint-openai');
  const anthropic = $('.llm-endpoint-anthropic');
  const update = () => {
    const path = pathOf($('#node-input-path').val());
    const url = path === undefined ? '' : location.origin + root + path;
    // Anthropic's clients add the /v1 by themselves.
    const base = url.endsWith('/v1') ? url.slice(0, -'/v1'.length) : '';
    write(openAi, url);
    write(anthropic, base);
    $('.llm-endpoint-no-anthropic').toggle(url !== '' && base === '');
    $('.llm-endpoint-chat').toggle(url !== '' && $('#node-input-chat').is(':checked')).attr('href', `${url}/chat`);
  };
  for (const row of [openAi, anthropic]) copyOnClick(row.find('button'), () => row.find('code').text());
  $('#node-input-path').on('input change', update);
  $('#node-input-chat').on('change', update);
  update();
}

function write(row: JQuery, address: string): void {
  row.toggle(address !== '').find('code').text(address);
}
