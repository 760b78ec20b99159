/** Parts of a dialog that only some choices need. */

/**
 * Shows what has `data-when="store=postgres"` while the field `store` has this value; after `=`, several values are separated by blanks.
 * `prefix` is that of the form's fields, such as `node-input-`.
 */
export function prepareShownWhen(prefix: string): void {
  const parts = $('.llm-dialog [data-when]');
  const show = () => parts.each((_at, part) => void $(part).toggle(isNeeded(prefix, part)));
  const fields = new Set(parts.toArray().map((part) => conditionOf(part).field));
  for (const field of fields) $(`#${prefix}${field}`).on('change', show);
  show();
}

function isNeeded(prefix: string, part: HTMLElement): boolean {
  const { field, values } = conditionOf(part);
  const input = $(`#${prefix}${field}`);
  return values.includes(String((input.attr('type') === 'checkbox' ? input.prop('checked') : input.val()) ?? ''));
}

function conditionOf(part: HTMLElement): { field: string; values: string[] } {
  const [field = '', values = ''] = (part.dataset['when'] ?? '').split('=');
  return { field, values: values.split(' ') };
}
