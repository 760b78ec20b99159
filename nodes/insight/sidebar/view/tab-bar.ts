/** A row of tabs as the ARIA practices want it: one of them is in the tab order, arrows lead to the others. */
import { element } from '../../../editor/dom.ts';
import type { Translate } from './texts.ts';

export interface TabPanel {
  readonly id: string;
  readonly panel: HTMLElement;
}

export class TabBar {
  readonly element = element('div', 'llm-tabs');
  readonly #tabs: readonly TabPanel[];
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #turned: () => void;
  #active: string;

  /** `turned` is called when another tab is shown. The first one is shown now. */
  constructor(t: Translate, tabs: readonly TabPanel[], turned: () => void) {
    this.#tabs = tabs;
    this.#turned = turned;
    this.element.setAttribute('role', 'tablist');
    this.element.setAttribute('aria-label', t('sidebar.views'));
    this.#buttons = tabs.map((tab) => this.#button(tab, t(`sidebar.view.${tab.id}`)));
    this.element.append(...this.#buttons);
    this.element.addEventListener('keydown', (event) => this.#pressed(event));
    this.#active = tabs[0]?.id ?? '';
    this.#show();
  }

  get active(): string {
    return this.#active;
  }

  #button({ id, panel }: TabPanel, label: string): HTMLButtonElement {
    const button = element('button', 'llm-tab', label);
    button.type = 'button';
    button.id = `llm-sidebar-tab-${id}`;
    button.setAttribute('role', 'tab');
    button.setAttribute('aria-controls', `llm-sidebar-panel-${id}`);
    button.addEventListener('click', () => this.#turn(id));
    panel.id = `llm-sidebar-panel-${id}`;
    panel.classList.add('llm-panel');
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', button.id);
    return button;
  }

  #turn(id: string): void {
    if (id === this.#active) return;
    this.#active = id;
    this.#show();
    this.#turned();
  }

  #show(): void {
    this.#tabs.forEach(({ id, panel }, index) => {
      const isActive = id === this.#active;
      panel.hidden = !isActive;
      this.#buttons[index]?.setAttribute('aria-selected', String(isActive));
      if (this.#buttons[index]) this.#buttons[index].tabIndex = isActive ? 0 : -1;
    });
  }

  #pressed(event: KeyboardEvent): void {
    const at = this.#tabs.findIndex(({ id }) => id === this.#active);
    const last = this.#tabs.length - 1;
    const targets: Record<string, number> = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last };
    const target = targets[event.key];
    const tab = target === undefined ? undefined : this.#tabs[target];
    if (target === undefined || !tab) return;
    event.preventDefault();
    // Node-RED moves nodes with the arrows.
    event.stopPropagation();
    this.#turn(tab.id);
    this.#buttons[target]?.focus();
  }
}
