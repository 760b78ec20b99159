/** The tab Try: a prompt for any backend, stage or endpoint of the flows that run. */
import { element, setText } from '../../../editor/dom.ts';
import type { LiveFacts, LiveNode, NodeKind } from '../api.ts';
import { actingButton, allow, showInstead, smallButton } from './buttons.ts';
import { byName } from './order.ts';
import { type OverrideField, overrideFields, readOverrides } from './overrides.ts';
import { tryOut } from './runtime.ts';
import type { Surroundings } from './surroundings.ts';
import { TrialPanel } from './trial-panel.ts';

const groups: readonly NodeKind[] = ['endpoint', 'stage', 'backend'];

/** Of the field for a system prompt, and that for JSON. */
const longFields: readonly OverrideField[] = ['system', 'more'];

export class TryView {
  readonly element: HTMLElement;
  readonly #surroundings: Surroundings;
  readonly #node = element('select', '');
  readonly #prompt = element('textarea', '');
  readonly #overrides = {} as Record<OverrideField, HTMLInputElement | HTMLTextAreaElement>;
  readonly #settings: HTMLDetailsElement;
  readonly #wrong = element('p', 'llm-mistake');
  readonly #send: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #empty: HTMLElement;
  readonly #form: HTMLElement;
  readonly #trial: TrialPanel;
  #offered = '';

  constructor(surroundings: Surroundings) {
    const { t } = (this.#surroundings = surroundings);
    this.#trial = new TrialPanel(surroundings, () => this.#showButtons());
    this.#prompt.rows = 4;
    this.#prompt.placeholder = t('sidebar.try.placeholder');
    this.#prompt.addEventListener('input', () => this.#showButtons());
    this.#settings = element('details', 'llm-settings', element('summary', '', t('sidebar.try.settings')), element('div', 'llm-settings-fields', ...overrideFields.map((name) => this.#overrideField(name))));
    this.#wrong.setAttribute('role', 'alert');
    this.#send = actingButton(surroundings, 'fa-paper-plane', 'sidebar.send', () => this.#ask());
    this.#stop = smallButton(surroundings, 'fa-stop', 'sidebar.try.stop', () => this.#trial.stop());
    const buttons = element('div', 'llm-buttons', this.#send, this.#stop);
    this.#form = element('div', 'llm-form', this.#labeled('node', this.#node), this.#labeled('prompt', this.#prompt), this.#settings, this.#wrong, buttons);
    this.#form.addEventListener('keydown', (event) => this.#pressed(event));
    this.#empty = element('p', 'llm-empty', t('sidebar.live.empty'));
    this.#empty.hidden = true;
    this.element = element('div', 'llm-try-view', this.#empty, this.#form, this.#trial.element);
    this.#showButtons();
  }

  show({ nodes }: LiveFacts): void {
    this.#empty.hidden = nodes.length > 0;
    this.#form.hidden = nodes.length === 0;
    const offered = nodes.map(({ node, kind }) => [node.id, node.name, kind].join('\t')).join('\n');
    if (offered === this.#offered) return;
    this.#offered = offered;
    const chosen = this.#node.value;
    this.#node.replaceChildren(...groups.flatMap((kind) => this.#group(kind, nodes)));
    if (nodes.some(({ node }) => node.id === chosen)) this.#node.value = chosen;
    this.#showButtons();
  }

  async ask(): Promise<void> {
    await this.#trial.refresh();
  }

  #group(kind: NodeKind, nodes: readonly LiveNode[]): HTMLElement[] {
    const { t, canvas } = this.#surroundings;
    const options = byName(nodes.filter((node) => node.kind === kind)).map(({ node }) => {
      const option = element('option', '', canvas.nameOf(node));
      option.value = node.id;
      return option;
    });
    const group = element('optgroup', '', ...options);
    group.label = t(`sidebar.kind.${kind}`);
    return options.length === 0 ? [] : [group];
  }

  #ask(): void {
    const { t } = this.#surroundings;
    if (this.#send.disabled || this.#trial.isRunning) return;
    const read = readOverrides(Object.fromEntries(overrideFields.map((name) => [name, this.#overrides[name].value])) as Record<OverrideField, string>);
    setText(this.#wrong, 'wrong' in read ? t(`sidebar.try.wrong.${read.wrong}`) : '');
    for (const name of overrideFields) this.#overrides[name].setAttribute('aria-invalid', String('wrong' in read && read.wrong === name));
    if ('wrong' in read) {
      this.#settings.open = true;
      return this.#overrides[read.wrong].focus();
    }
    void this.#trial.run(tryOut({ node: this.#node.value, prompt: this.#prompt.value, llm: read.llm }));
  }

  /** As chat pages have it: with Ctrl or Cmd, for a prompt may have lines. */
  #pressed(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    // Node-RED has a shortcut of its own on these keys.
    event.stopPropagation();
    this.#ask();
  }

  #showButtons(): void {
    const { t } = this.#surroundings;
    const isEmpty = this.#prompt.value.trim() === '';
    allow(this.#surroundings, this.#send, t('sidebar.send.title'), isEmpty ? t('sidebar.try.noPrompt') : this.#node.value === '' ? t('sidebar.try.noNode') : undefined);
    if (this.#trial.isRunning) showInstead(this.#stop, this.#send);
    else showInstead(this.#send, this.#stop);
  }

  #overrideField(name: OverrideField): HTMLElement {
    const field = longFields.includes(name) ? element('textarea', '') : element('input', '');
    if (field instanceof HTMLTextAreaElement) field.rows = 2;
    field.placeholder = this.#surroundings.t(`sidebar.try.own.${name}`);
    this.#overrides[name] = field;
    return this.#labeled(name, field);
  }

  #labeled(name: string, field: HTMLElement): HTMLElement {
    return element('label', 'llm-field', element('span', '', this.#surroundings.t(`sidebar.try.field.${name}`)), field);
  }
}
