import { fillDefaults } from '../editor/defaults.ts';
import { accessDefault, prepareAccess } from '../editor/access.ts';
import { KeptSecret } from '../editor/kept-secret.ts';
import { baseAddress, listeningDefaults, prepareListening } from '../editor/listening.ts';
import { copyOnClick, drawHashedKey, drawKey } from '../editor/key-rows.ts';
import { PlainRows, readField, textField } from '../editor/plain-rows.ts';
import { givenRows, readText } from '../editor/row-fields.ts';
import { prepareTabs } from '../editor/tabs.ts';
import { type EditedNode, formValue, numberDefaults, savedPassword, translate } from '../editor/validate.ts';
import { type HashedKey, isKey, isKeyName, joinKeys, type NamedKey, nameTwice, splitKeys } from './key-lines.ts';
import { defaultPath, endpointFields, type OfferedModel, readOrigins, readPath } from './settings.ts';
import { versioned } from '../editor/version.ts';

let models: PlainRows<OfferedModel> | undefined;
let hashedKeys: PlainRows<HashedKey> | undefined;
let typedKeys: PlainRows<NamedKey> | undefined;

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
    ...accessDefault('llm-endpoint', 'keys', hasHashedKeys),
    clientKeys: {
      value: [],
      validate(value, _opt) {
        return checkHashedKeys(this, value);
      },
    },
    ...listeningDefaults(),
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
      type: 'password',
      validate(value, _opt) {
        return value === savedPassword || checkKeys(this, splitKeys(String(value ?? '')));
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
    const update = prepareAccess(this);
    hashedKeys = hashedKeyList(this, update);
    prepareTypedKeys(this, update);
    prepareTabs(this, fill);
    prepareAddresses();
  },
  oneditsave() {
    this['clientKeys'] = hashedKeys?.rows();
    this['models'] = models?.rows().filter(({ name, model }) => name !== '' || model !== '');
  },
  oneditresize: fill,
});

function fill(): void {
  models?.fill();
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

/** Keys that are made here: the node keeps what tells them. */
function hashedKeyList(node: EditedNode, changed: () => void): PlainRows<HashedKey> {
  const rows = givenRows(node['clientKeys'], []).map(readHashedKey);
  const names = new Set(rows.map(({ name }) => name));
  const freeName = () => {
    let number = names.size + 1;
    while (names.has(`client ${number}`)) number++;
    names.add(`client ${number}`);
    return `client ${number}`;
  };
  return new PlainRows<HashedKey>(node, {
    container: $('#llm-endpoint-client-keys'),
    rows,
    columns: { name: 'llm.label.name', key: 'endpoint.label.key' },
    sortable: false,
    draw: (line, row) => drawHashedKey(node, line, row, row ? '' : freeName()),
    check: (rows) => checkHashedKeys(node, rows),
    changed,
  });
}

/** Keys that a person types: the rows stand for the field with all of them in it. */
function prepareTypedKeys(node: EditedNode, changed: () => void): void {
  const field = $('#node-input-keys');
  const given = String(field.val() ?? '');
  const secret = new KeptSecret(node, { field, container: $('#llm-endpoint-typed-keys'), onTyping: () => typedKeys?.fill() });
  typedKeys = new PlainRows<NamedKey>(node, {
    container: $('#llm-endpoint-keys'),
    rows: given === savedPassword ? [] : splitKeys(given),
    columns: { name: 'llm.label.name', key: 'endpoint.label.key' },
    sortable: false,
    draw: (line, row) => drawKey(node, line, row),
    check: (rows) => checkKeys(node, rows),
    changed: (rows) => secret.type(joinKeys(rows.filter(({ name, key }) => name !== '' || key !== ''))),
  });
  field.on('change', changed);
}

function readHashedKey({ name, sha256 }: Readonly<Record<string, unknown>>): HashedKey {
  return { name: readText(name), sha256: readText(sha256) };
}

/** While the dialog is open its rows are newer than the node. */
function hasHashedKeys(node: EditedNode): boolean {
  const isEdited = RED.editor.getEditStack().some(({ id }) => id === node['id']);
  const rows = isEdited && hashedKeys ? hashedKeys.rows() : node['clientKeys'];
  return Array.isArray(rows) && rows.length > 0;
}

function checkHashedKeys(node: EditedNode, given: unknown): boolean | string {
  if (given === undefined || given === null) return true;
  if (!Array.isArray(given)) return translate(node, 'llm.validate.rows');
  const rows = givenRows(given, []).map(readHashedKey);
  if (rows.some(({ name }) => name === '')) return translate(node, 'endpoint.validate.keyName');
  const colon = rows.find(({ name }) => !isKeyName(name));
  if (colon) return translate(node, 'llm.validate.row', { name: colon.name, reason: translate(node, 'endpoint.validate.colon') });
  const broken = rows.find(({ sha256 }) => !/^[0-9a-f]{64}$/i.test(sha256));
  return broken ? translate(node, 'llm.validate.row', { name: broken.name, reason: translate(node, 'endpoint.validate.hash') }) : isUnique(node, rows);
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
  const isTaken = others.some((other) => other['id'] !== node['id'] && !isDisabled(other) && pathOf(other['path']) === path && portOf(other) === portOf(node));
  return !isTaken || isDisabled(node) || translate(node, 'endpoint.validate.pathTwice', { path });
}

/** Empty for Node-RED's own. */
function portOf(node: EditedNode): string {
  return formValue(node, 'port').trim();
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
  const openAi = $('.llm-endpoint-openai');
  const anthropic = $('.llm-endpoint-anthropic');
  const update = () => {
    const path = pathOf($('#node-input-path').val());
    const url = path === undefined ? '' : baseAddress() + path;
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
  prepareListening(update);
}

function write(row: JQuery, address: string): void {
  row.toggle(address !== '').find('code').text(address);
}
