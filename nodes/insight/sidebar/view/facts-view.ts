/** Labels with their values, as a definition list that changes in place. */
import { element, setText } from '../../../editor/dom.ts';
import { KeyedList, type RowView } from './keyed-list.ts';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

export class FactsView {
  readonly element: HTMLElement;
  readonly #list: KeyedList<Fact>;

  constructor(className: string) {
    this.element = element('dl', className);
    this.#list = new KeyedList(this.element, { key: ({ label }) => label, make: makeFact });
  }

  show(facts: readonly Fact[]): void {
    this.#list.show(facts);
  }
}

function makeFact({ label }: Fact): RowView<Fact> {
  const value = element('dd', '');
  return { element: element('div', '', element('dt', '', label), value), update: (fact) => setText(value, fact.value) };
}
