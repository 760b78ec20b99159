/** The choice of failures that lead on to the next row, folded into one button. */
import type { FailureKind } from '../core/errors.ts';
import { leadsOnByDefault, selectableKinds } from '../core/stage-settings.ts';
import { checkbox } from './row-fields.ts';
import type { EditedNode } from './validate.ts';

export interface KindsField {
  /** The kinds, or undefined where they are the default ones. */
  read(): FailureKind[] | undefined;
  /** A row that has no next one needs no choice. */
  show(visible: boolean): void;
}

/** The button stands in `cell`, the list opens below it in `content`. */
export function kindsField(node: EditedNode, cell: JQuery, content: JQuery, given: readonly FailureKind[]): KindsField {
  const list = $('<div class="llm-kinds">').hide().appendTo(content);
  const button = $('<button type="button" class="red-ui-button llm-kinds-button" aria-expanded="false">').appendTo(cell);
  const nowhere = $('<span class="llm-muted">').text(node._('fallback.last')).appendTo(cell);
  const open = (opened: boolean) => {
    list.toggle(opened);
    button.attr('aria-expanded', String(opened));
  };
  const boxes = selectableKinds.map((kind) => {
    const { element, input } = checkbox(node._(`llm.kind.${kind}`), given.includes(kind));
    element.appendTo(list);
    return { kind, input };
  });
  const chosen = () => boxes.filter(({ input }) => input.is(':checked')).map(({ kind }) => kind);
  const summarize = () => button.text(node._(...summary(chosen()))).append(' <i class="fa fa-caret-down"></i>');

  button.on('click', () => open(button.attr('aria-expanded') !== 'true'));
  $('<button type="button" class="red-ui-button red-ui-button-small llm-kinds-reset">')
    .text(node._('fallback.reset'))
    .on('click', () => {
      for (const { kind, input } of boxes) input.prop('checked', leadsOnByDefault.includes(kind));
      list.trigger('change');
    })
    .appendTo(list);
  list.on('change', summarize);
  summarize();

  return {
    read() {
      const kinds = chosen();
      return isDefault(kinds) ? undefined : kinds;
    },
    show(visible) {
      button.toggle(visible);
      nowhere.toggle(!visible);
      if (!visible) open(false);
    },
  };
}

function summary(kinds: readonly FailureKind[]): [key: string, values?: Record<string, unknown>] {
  if (isDefault(kinds)) return ['fallback.on.default'];
  if (kinds.length === 0) return ['fallback.on.none'];
  if (kinds.length === selectableKinds.length) return ['fallback.on.all'];
  return kinds.length === 1 ? ['fallback.on.one'] : ['fallback.on.some', { kinds: kinds.length }];
}

/** Of those that can be chosen. */
const defaults = leadsOnByDefault.filter((kind) => selectableKinds.includes(kind));

function isDefault(kinds: readonly FailureKind[]): boolean {
  return kinds.length === defaults.length && kinds.every((kind) => defaults.includes(kind));
}
