/** The fields that say which requests are to be seen. */
import type { FailureKind } from '../../../core/errors.ts';
import { element } from '../../../editor/dom.ts';
import type { Outcome, RequestRow } from '../api.ts';
import { choicesFor, type Filter, type FilterName, filterNames, noFilter } from './filter.ts';
import { kindWords, type Translate } from './texts.ts';

const outcomes: readonly string[] = ['running', 'ok', 'failed', 'cancelled'] satisfies Outcome[];

export class FilterView {
  readonly element = element('div', 'llm-filters');
  readonly #t: Translate;
  readonly #selects: Readonly<Record<FilterName, HTMLSelectElement>>;
  /** What there was to choose last time. */
  readonly #offered = new Map<FilterName, string>();

  constructor(t: Translate, changed: () => void) {
    this.#t = t;
    this.#selects = Object.fromEntries(filterNames.map((name) => [name, this.#select(name)])) as Record<FilterName, HTMLSelectElement>;
    this.element.addEventListener('change', changed);
  }

  get filter(): Filter {
    return Object.fromEntries(filterNames.map((name) => [name, this.#selects[name].value])) as Record<FilterName, string>;
  }

  /** Lets everything pass. */
  clear(): void {
    for (const name of filterNames) this.#selects[name].value = noFilter[name];
  }

  /** Offers what there is among these. */
  offer(rows: readonly RequestRow[]): void {
    for (const name of filterNames) {
      const select = this.#selects[name];
      const choices = choicesFor(rows, name, select.value);
      const offered = choices.join('\n');
      if (this.#offered.get(name) === offered) continue;
      this.#offered.set(name, offered);
      const chosen = select.value;
      select.replaceChildren(this.#option(name, ''), ...choices.map((choice) => this.#option(name, choice)));
      select.value = chosen;
      select.disabled = choices.length === 0;
    }
  }

  #select(name: FilterName): HTMLSelectElement {
    const select = element('select', '', this.#option(name, ''));
    select.setAttribute('aria-label', this.#t(`sidebar.filter.${name}`));
    select.disabled = true;
    this.element.append(select);
    return select;
  }

  #option(name: FilterName, value: string): HTMLOptionElement {
    const option = element('option', '', this.#label(name, value));
    option.value = value;
    return option;
  }

  #label(name: FilterName, value: string): string {
    const t = this.#t;
    if (value === '') return t(`sidebar.filter.all.${name}`);
    if (name !== 'outcome') return value;
    return outcomes.includes(value) ? t(`sidebar.outcome.${value}`) : t('sidebar.filter.kind', { kind: kindWords(t, value as FailureKind) });
  }
}
