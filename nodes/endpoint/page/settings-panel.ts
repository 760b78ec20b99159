/** The choice of the model, and the settings behind the button. */
import { byId, element } from './dom.ts';
import type { Memory, Settings } from './memory.ts';

export class SettingsPanel {
  readonly #memory: Memory;
  readonly #model = byId('model', HTMLSelectElement);
  readonly #modelLabel = byId('model-label', HTMLLabelElement);
  readonly #system = byId('system', HTMLTextAreaElement);
  readonly #temperature = byId('temperature', HTMLInputElement);
  readonly #forgetKey = byId('forget-key', HTMLButtonElement);
  readonly #panel = byId('settings', HTMLDetailsElement);
  readonly #kept: Settings;

  constructor(memory: Memory, changeKey: () => void) {
    this.#memory = memory;
    this.#kept = memory.settings;
    this.#system.value = this.#kept.system;
    this.#temperature.value = this.#kept.temperature;
    for (const field of [this.#model, this.#system, this.#temperature]) field.addEventListener('input', () => this.#keep());
    byId('change-key', HTMLButtonElement).addEventListener('click', changeKey);
    this.#forgetKey.addEventListener('click', () => {
      memory.key = '';
      this.showKey();
      byId('change-key', HTMLButtonElement).focus();
    });
    this.#closeFromOutside();
    this.showKey();
  }

  get model(): string {
    return this.#model.value || this.#kept.model;
  }

  get system(): string {
    return this.#system.value;
  }

  /** Undefined where the field is empty or holds no allowed number. */
  get temperature(): number | undefined {
    const { valueAsNumber: value, validity } = this.#temperature;
    return Number.isNaN(value) || validity.rangeOverflow || validity.rangeUnderflow ? undefined : value;
  }

  /** Offers the models. The one that was chosen before stays chosen while there is one of that name. */
  showModels(names: readonly string[]): void {
    this.#model.replaceChildren(...names.map((name) => element('option', '', name)));
    if (names.includes(this.#kept.model)) this.#model.value = this.#kept.model;
    this.#modelLabel.hidden = names.length === 0;
  }

  showKey(): void {
    this.#forgetKey.hidden = this.#memory.key === '';
  }

  #keep(): void {
    this.#kept.model = this.model;
    this.#kept.system = this.system;
    this.#kept.temperature = this.#temperature.value;
    this.#memory.settings = this.#kept;
  }

  #closeFromOutside(): void {
    document.addEventListener('pointerdown', ({ target }) => {
      if (target instanceof Node && !this.#panel.contains(target)) this.#panel.open = false;
    });
    this.#panel.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.#panel.open) return;
      event.preventDefault();
      this.#panel.open = false;
      this.#panel.querySelector('summary')?.focus();
    });
  }
}
