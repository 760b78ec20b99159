/** The buttons of the sidebar. */
import { element } from '../../../editor/dom.ts';
import { icon } from './icons.ts';
import type { Surroundings } from './surroundings.ts';

/** A small button; `label` and `title` are keys of the catalog. */
export function smallButton({ t }: Pick<Surroundings, 't'>, iconName: string, label: string, clicked: () => void): HTMLButtonElement {
  const button = element('button', 'red-ui-button red-ui-button-small', icon(iconName), ` ${t(label)}`);
  button.type = 'button';
  button.addEventListener('click', clicked);
  return button;
}

/** One that changes something: who may only look is told so instead. */
export function actingButton(surroundings: Surroundings, iconName: string, label: string, clicked: () => void): HTMLButtonElement {
  const button = smallButton(surroundings, iconName, `${label}.label`, clicked);
  allow(surroundings, button, surroundings.t(`${label}.title`));
  return button;
}

/** Says what a button does, or why it does nothing; `reason` is why, besides the person's rights. */
export function allow({ t, mayWrite }: Surroundings, button: HTMLButtonElement, title: string, reason?: string): void {
  const refusal = mayWrite ? reason : t('sidebar.readOnly');
  const isDisabled = refusal !== undefined;
  if (button.disabled !== isDisabled) button.disabled = isDisabled;
  button.title = refusal ?? title;
}

/** Shows one of two buttons, with the focus where the other one had it. */
export function showInstead(shown: HTMLButtonElement, other: HTMLButtonElement): void {
  const hadFocus = document.activeElement === other;
  shown.hidden = false;
  other.hidden = true;
  if (hadFocus) shown.focus();
}
