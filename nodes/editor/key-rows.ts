/** Rows of named keys: those that a person types, hidden until somebody wants to see one, and those that are made here, shown once. */
import { type PlainRow, readField, textField } from './plain-rows.ts';
import { sha256 } from './sha256.ts';
import { type EditedNode, translate } from './validate.ts';

interface KeyRow {
  readonly name: string;
  readonly key: string;
}

/** Fills a row. The texts are those of the endpoint. */
export function drawKey(node: EditedNode, line: JQuery, row: KeyRow | undefined): PlainRow<KeyRow> {
  const name = textField(node, $('<div class="llm-col-name">').appendTo(line), row?.name ?? '', 'llm.label.name', 'endpoint.placeholder.keyName');
  const key = textField(node, $('<div class="llm-col-key">').appendTo(line), row?.key ?? '', 'endpoint.label.key', 'endpoint.placeholder.key');
  // A browser would offer to keep the key as the password of the editor.
  key.attr({ type: 'password', autocomplete: 'new-password' });

  const buttons = $('<div class="llm-col-buttons">').appendTo(line);
  const eye = button(node, buttons, 'fa-eye', 'endpoint.button.show');
  const show = (shown: boolean) => {
    key.attr('type', shown ? 'text' : 'password');
    eye.attr('aria-pressed', String(shown)).children('i').toggleClass('fa-eye', !shown).toggleClass('fa-eye-slash', shown);
  };
  eye.attr('aria-pressed', 'false').on('click', () => show(key.attr('type') === 'password'));
  const copy = button(node, buttons, 'fa-clipboard', 'endpoint.button.copyKey');
  copyOnClick(copy, () => readField(key));
  return {
    first: name,
    read: () => ({ name: readField(name), key: readField(key) }),
    refresh(rows) {
      copy.prop('disabled', readField(key) === '');
      name.toggleClass('input-error', rows.filter((other) => other.name === readField(name)).length > 1);
    },
  };
}

interface HashedRow {
  readonly name: string;
  readonly sha256: string;
}

/** A row of a key that is made here. A new row gets a key, and shows it as long as the dialog is open; after that nobody can read it. */
export function drawHashedKey(node: EditedNode, line: JQuery, row: HashedRow | undefined, freeName: string): PlainRow<HashedRow> {
  const name = textField(node, $('<div class="llm-col-name">').appendTo(line), row?.name ?? freeName, 'llm.label.name', 'endpoint.placeholder.keyName');
  const cell = $('<div class="llm-col-key">').appendTo(line);
  const buttons = $('<div class="llm-col-buttons">').appendTo(line);
  let hash = row?.sha256 ?? '';
  if (row) {
    $('<span class="llm-muted">').text(translate(node, 'endpoint.key.kept', { start: hash.slice(0, 8) })).appendTo(cell);
  } else {
    const key = newKey();
    hash = sha256(key);
    const shown = textField(node, cell, key, 'endpoint.label.key').attr('readonly', 'readonly').addClass('llm-endpoint-new-key');
    shown.on('focus', () => shown.trigger('select'));
    copyOnClick(button(node, buttons, 'fa-clipboard', 'endpoint.button.copyKey'), () => key);
  }
  return {
    first: name,
    read: () => ({ name: readField(name), sha256: hash }),
    refresh: (rows) => name.toggleClass('input-error', rows.filter((other) => other.name === readField(name)).length > 1),
  };
}

/** Copies what `read` gives, and says so. */
export function copyOnClick(button: JQuery, read: () => string): void {
  button.on('click', (event) => {
    event.preventDefault();
    RED.clipboard.copyText(read(), button, 'clipboard.copyMessageValue');
  });
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Of 256 random bits. */
export function newKey(length = 43): string {
  // Bytes beyond the last whole round would make some letters more likely than others.
  const fair = 256 - (256 % letters.length);
  let key = '';
  while (key.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) if (byte < fair && key.length < length) key += letters[byte % letters.length];
  }
  return `sk-${key}`;
}

function button(node: EditedNode, cell: JQuery, icon: string, label: string): JQuery {
  const text = translate(node, label);
  return $('<button type="button" class="red-ui-button red-ui-button-small">').attr({ title: text, 'aria-label': text }).append($('<i class="fa">').addClass(icon)).appendTo(cell);
}
