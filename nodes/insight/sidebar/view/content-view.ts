/** What a request said and was answered, folded; only where content is kept, and the person may see it. */
import { element, setText } from '../../../editor/dom.ts';
import type { RequestTrace } from '../api.ts';
import type { Translate } from './texts.ts';

const parts = ['prompt', 'settings', 'answer'] as const;

export class ContentView {
  readonly element: HTMLElement;
  readonly #t: Translate;
  readonly #kept = element('span', '');
  readonly #texts = new Map<(typeof parts)[number], HTMLElement>();
  readonly #none: HTMLElement;
  readonly #details: HTMLElement;

  constructor(t: Translate) {
    this.#t = t;
    this.#none = element('p', 'llm-remark');
    this.#details = element('details', 'llm-content', element('summary', '', `${t('sidebar.content.title')} `, this.#kept), ...parts.map((part) => this.#part(part)));
    this.element = element('div', '', this.#none, this.#details);
  }

  show({ content, isContentHidden }: Pick<RequestTrace, 'content' | 'isContentHidden'>): void {
    setText(this.#none, this.#t(isContentHidden ? 'sidebar.content.hidden' : 'sidebar.content.none'));
    this.#none.hidden = content !== undefined;
    this.#details.hidden = content === undefined;
    if (!content) return;
    setText(this.#kept, content.redactions === 0 ? '' : this.#t('sidebar.content.redacted', { count: content.redactions }));
    for (const part of parts) {
      const text = this.#texts.get(part);
      if (!text?.parentElement) continue;
      const value = content[part] ?? '';
      text.parentElement.hidden = value === '' || (part === 'settings' && value === '{}');
      setText(text, value);
    }
  }

  #part(name: (typeof parts)[number]): HTMLElement {
    const text = element('pre', 'llm-text');
    // What scrolls must be in reach of the keyboard.
    text.tabIndex = 0;
    text.setAttribute('aria-label', this.#t(`sidebar.content.${name}`));
    text.setAttribute('role', 'region');
    this.#texts.set(name, text);
    return element('div', '', element('h4', '', this.#t(`sidebar.content.${name}`)), text);
  }
}
